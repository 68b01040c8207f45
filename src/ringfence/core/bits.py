"""Machine operations that Python has no word for: each is a plain function and, compiled, a few instructions.

The plain functions are what runs under ``NUMBA_DISABLE_JIT=1``; an ``overload`` lowers the same name to LLVM.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

_I64 = ir.IntType(64)
_MIX = 0x9E3779B97F4A7C15


LOWERED = {}
"""The plain functions of which several are lowered by one function here, and what is compiled for each."""


def _named(plain, implementation):
    """Give what is compiled for a plain function a name of its own.

    Compiled code is linked by name: qualified name, types, and a count that begins anew in each process.  Lambdas of
    one place would have one name, and code that another process has cached could get the wrong one.
    """
    implementation.__name__ = implementation.__qualname__ = f"lowered_{plain.__name__}"
    LOWERED[plain] = implementation
    return implementation


def lowest_bit(x):
    """Index of the lowest set bit of ``x``, which is not 0."""
    x = int(x) & 0xFFFFFFFFFFFFFFFF
    return (x & -x).bit_length() - 1


def highest_bit(x):
    """Index of the highest set bit of ``x``, which is not 0."""
    return (int(x) & 0xFFFFFFFFFFFFFFFF).bit_length() - 1


def mix(x):
    """Spread a number over 0 .. 2^31 - 1: runs of 2^16 stay together, each run begins somewhere else.

    Ids of one table are dense, so runs collide less than scattered ids would, and neighbours share a cache line: orders
    that came one after another, balances of one account.
    """
    return (int(x) + (int(x) >> 16) * _MIX) & 0x7FFFFFFF


@intrinsic
def _lowest_bit(typingctx, x):
    def codegen(context, builder, sig, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), codegen


@intrinsic
def _highest_bit(typingctx, x):
    def codegen(context, builder, sig, args):
        return builder.sub(ir.Constant(_I64, 63), builder.ctlz(args[0], ir.Constant(ir.IntType(1), 1)))

    return types.int64(types.int64), codegen


@intrinsic
def _mix(typingctx, x):
    def codegen(context, builder, sig, args):
        run = builder.mul(builder.lshr(args[0], ir.Constant(_I64, 16)), ir.Constant(_I64, _MIX))
        return builder.and_(builder.add(args[0], run), ir.Constant(_I64, 0x7FFFFFFF))

    return types.int64(types.int64), codegen


@overload(lowest_bit, inline="never")
def _overload_lowest_bit(x):
    return lambda x: _lowest_bit(x)


@overload(highest_bit, inline="never")
def _overload_highest_bit(x):
    return lambda x: _highest_bit(x)


@overload(mix, inline="never")
def _overload_mix(x):
    return lambda x: _mix(x)


def _wrap(value):
    wrapped = (value + (1 << 63)) % (1 << 64) - (1 << 63)
    return wrapped, wrapped != value


def checked_add(a, b):
    """Return (a + b wrapped to 64 bits, whether it overflowed)."""
    return _wrap(int(a) + int(b))


def checked_multiply(a, b):
    """Return (a * b wrapped to 64 bits, whether it overflowed)."""
    return _wrap(int(a) * int(b))


def _lower_checked(name, plain):
    @intrinsic
    def operation(typingctx, a, b):
        def codegen(context, builder, sig, args):
            result = getattr(builder, name + "_with_overflow")(args[0], args[1])
            parts = [builder.extract_value(result, 0), builder.extract_value(result, 1)]
            return context.make_tuple(builder, sig.return_type, parts)

        return types.Tuple((types.int64, types.boolean))(types.int64, types.int64), codegen

    @overload(plain)
    def _overload_checked(a, b):
        return _named(plain, lambda a, b: operation(a, b))


_lower_checked("sadd", checked_add)
_lower_checked("smul", checked_multiply)


MOST = 1 << 62
"""Products and quotients that are larger are this."""
_I128 = ir.IntType(128)


def shift_down(a, b, shift):
    """Return floor(a * b / 2^shift), at most 2^62, of two numbers from 0 to 2^62; ``shift`` is 0 to 126."""
    return min(int(a) * int(b) >> int(shift), MOST)


def shift_up(a, b, shift):
    """Return the ceil of the same."""
    return min(-(-int(a) * int(b) >> int(shift)), MOST)


def divide_down(a, b, divisor):
    """Return floor(a * b / divisor), at most 2^62, of numbers from 0 to 2^62 and a divisor above 0."""
    return min(int(a) * int(b) // int(divisor), MOST)


def divide_up(a, b, divisor):
    """Return the ceil of the same."""
    return min(-(-int(a) * int(b) // int(divisor)), MOST)


def _product(builder, args):
    return builder.mul(builder.zext(args[0], _I128), builder.zext(args[1], _I128))


def _at_most(builder, wide):
    most = ir.Constant(_I128, MOST)
    return builder.trunc(builder.select(builder.icmp_unsigned(">", wide, most), most, wide), _I64)


def _lower_shift(plain, rounds_up):
    @intrinsic
    def operation(typingctx, a, b, shift):
        def codegen(context, builder, sig, args):
            wide, shift = _product(builder, args), builder.zext(args[2], _I128)
            if rounds_up:
                one = ir.Constant(_I128, 1)
                wide = builder.add(wide, builder.sub(builder.shl(one, shift), one))
            return _at_most(builder, builder.lshr(wide, shift))

        return types.int64(types.int64, types.int64, types.int64), codegen

    @overload(plain, inline="never")
    def _overload_shift(a, b, shift):
        return _named(plain, lambda a, b, shift: operation(a, b, shift))


def _lower_divide(plain, rounds_up):
    @intrinsic
    def operation(typingctx, a, b, divisor):
        def codegen(context, builder, sig, args):
            wide, divisor = _product(builder, args), builder.zext(args[2], _I128)
            if rounds_up:
                wide = builder.add(wide, builder.sub(divisor, ir.Constant(_I128, 1)))
            result = cgutils.alloca_once(builder, _I128)
            fits = builder.icmp_unsigned("<", wide, ir.Constant(_I128, 1 << 63))
            with builder.if_else(fits) as (short, long):
                with short:
                    builder.store(builder.zext(builder.udiv(builder.trunc(wide, _I64), args[2]), _I128), result)
                with long:
                    builder.store(_long_division(builder, wide, divisor), result)
            return _at_most(builder, builder.load(result))

        return types.int64(types.int64, types.int64, types.int64), codegen

    @overload(plain)
    def _overload_divide(a, b, divisor):
        return _named(plain, lambda a, b, divisor: operation(a, b, divisor))


def _long_division(builder, wide, divisor):
    """Divide bit by bit, because a division of 128 bits would be a call to what is not linked."""
    zero, one = ir.Constant(_I128, 0), ir.Constant(_I128, 1)
    rest, quotient, left = (cgutils.alloca_once_value(builder, value) for value in (zero, zero, wide))
    with cgutils.for_range(builder, ir.Constant(_I64, 128)):
        bits = builder.load(left)
        builder.store(builder.shl(bits, one), left)
        top = builder.lshr(bits, ir.Constant(_I128, 127))
        grown = builder.or_(builder.shl(builder.load(rest), one), top)
        goes = builder.icmp_unsigned(">=", grown, divisor)
        builder.store(builder.select(goes, builder.sub(grown, divisor), grown), rest)
        builder.store(builder.or_(builder.shl(builder.load(quotient), one), builder.zext(goes, _I128)), quotient)
    return builder.load(quotient)


_lower_shift(shift_down, False)
_lower_shift(shift_up, True)
_lower_divide(divide_down, False)
_lower_divide(divide_up, True)


def prefetch(array, i, offset=0):
    """Hint that ``array[i]``, ``offset`` bytes into it, will be used soon; plain Python ignores it."""


@intrinsic
def _prefetch(typingctx, array, i, offset):
    def codegen(context, builder, sig, args):
        array_type = sig.args[0]
        held = context.make_array(array_type)(context, builder, args[0])
        pointer = cgutils.get_item_pointer(context, builder, array_type, held, [args[1]], wraparound=False)
        pointer = builder.bitcast(pointer, ir.IntType(8).as_pointer())
        pointer = builder.gep(pointer, [args[2]])
        i32 = ir.IntType(32)
        signature = ir.FunctionType(ir.VoidType(), [pointer.type, i32, i32, i32])
        function = cgutils.get_or_insert_function(builder.module, signature, "llvm.prefetch.p0i8")
        builder.call(function, [pointer, i32(0), i32(3), i32(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), codegen


@overload(prefetch)
def _overload_prefetch(array, i, offset=0):
    return lambda array, i, offset=0: _prefetch(array, i, offset)
