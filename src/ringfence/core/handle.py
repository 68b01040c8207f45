"""The state as compiled code sees it: one pointer, whose attributes are the tables at their fixed places.

A tuple of twenty record arrays would be some hundred and forty arguments of every call that is not inlined (measured: a
third of the speed, and minutes of compile time); a pointer is one.  ``s.orders[i].price_ticks`` reads the same in
both modes.
"""

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.core.imputils import lower_getattr_generic
from numba.core.pythonapi import NativeValue
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, register_model, typeof_impl, unbox
from numba.np import numpy_support
from numba.np.arrayobj import populate_array

from .state import OFFSETS, TABLES, State


class StateType(types.Type):
    """The type of a pointer to the reservation of a state."""

    def __init__(self):
        """Name the type; there is one."""
        super().__init__(name="RingfenceState")


STATE = StateType()
ROWS = {name: rows for name, _, rows in TABLES}
ARRAYS = {name: types.Array(numpy_support.from_dtype(dtype), 1, "C") for name, dtype, _ in TABLES}
BYTE = ir.IntType(8)


@register_model(StateType)
class StateModel(models.OpaqueModel):
    """A plain address."""


@typeof_impl.register(State)
def _typeof_state(value, context):
    return STATE


@unbox(StateType)
def _unbox_state(typ, value, c):
    number = c.pyapi.object_getattr_string(value, "address")
    address = c.pyapi.long_as_longlong(number)
    c.pyapi.decref(number)
    return NativeValue(c.builder.inttoptr(address, BYTE.as_pointer()))


@infer_getattr
class StateAttributes(AttributeTemplate):
    """Each table is an attribute."""

    key = StateType

    def generic_resolve(self, typ, attribute):
        """Return the array type of a table, None for what is none."""
        return ARRAYS.get(attribute)


@lower_getattr_generic(StateType)
def _table_of(context, builder, typ, value, attribute):
    array_type = ARRAYS[attribute]
    array = context.make_array(array_type)(context, builder)
    place = builder.gep(value, [ir.Constant(ir.IntType(64), OFFSETS[attribute])], inbounds=True)
    data = builder.bitcast(place, array.data.type)
    size = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
    rows = context.get_constant(types.intp, ROWS[attribute])
    step = context.get_constant(types.intp, size)
    populate_array(array, data=data, shape=[rows], strides=[step], itemsize=step, meminfo=None)
    return array._getvalue()


@intrinsic
def state_at(typingctx, address):
    """Return the state whose reservation begins at an address."""

    def codegen(context, builder, sig, args):
        return builder.bitcast(args[0], BYTE.as_pointer())

    return STATE(types.voidptr), codegen
