import math

from console.core.points import Points


def test_points_come_back_in_order_with_nothing_where_there_was_nothing() -> None:
    points = Points()
    for at, value in ((1.0, 2.5), (2.0, None), (3.0, math.nan), (4.0, math.inf)):
        points.add(at, value)

    assert list(points) == [(1.0, 2.5), (2.0, None), (3.0, None), (4.0, math.inf)]
    assert points[0] == (1.0, 2.5)
    assert points[-3] == (2.0, None)
    assert points[1:3] == [(2.0, None), (3.0, None)]
    assert len(points) == 4
