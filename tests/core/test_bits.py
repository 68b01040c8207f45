"""What the compiler makes of the machine operations: each has a name of its own, whatever was compiled before."""

from numba import njit

from ringfence.core.bits import LOWERED, checked_add, checked_multiply, divide_down, divide_up, shift_down, shift_up


def test_compiled_operations_are_told_apart_by_name() -> None:
    @njit
    def all_of_them(a: int, b: int) -> tuple[object, ...]:
        return (
            checked_add(a, b),
            checked_multiply(a, b),
            divide_down(a, b, 7),
            divide_up(a, b, 7),
            shift_down(a, b, 3),
            shift_up(a, b, 3),
        )

    assert all_of_them(5, 3) == all_of_them.py_func(5, 3) == ((8, False), (15, False), 2, 3, 1, 2)
    assert len(LOWERED) == 6
    # Two processes that cache code may count alike: then nothing but the names keeps the operations apart.
    assert len({lowered.__qualname__ for lowered in LOWERED.values()}) == len(LOWERED)
