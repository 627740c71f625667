import time

import numpy as np
import pytest

from sdengine.streams import BLOCK, Stream, philox

KNOWN_ANSWERS = [
    ("00000000 " * 4, "00000000 " * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff " * 4, "ffffffff " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def words(text):
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_philox_gives_the_answers_published_with_random123(counter, key, answer):
    state = tuple(np.array([word], dtype=np.uint64) for word in words(counter))
    philox(state, tuple(words(key)))
    assert [int(word[0]) for word in state] == words(answer)


def test_a_number_does_not_depend_on_which_others_are_asked_for():
    stream = Stream(5, "rain")
    whole = stream.uniform(np.arange(3000), steps=9, elements=3)
    members = np.array([2999, 7, 0, 1500])
    assert np.array_equal(stream.uniform(members, steps=9, elements=3), whole[:, :, members])
    assert np.array_equal(stream.uniform([7], steps=9, elements=2)[:, :, 0], whole[:, :2, 7])
    for first in (1, 4):
        later = stream.uniform(members, steps=4, elements=3, first=first)
        assert np.array_equal(later, whole[first : first + 4][:, :, members])


def test_normal_numbers_are_the_same_bits_for_any_subset_too():
    stream = Stream(5, "rain")
    whole = stream.normal(np.arange(100), steps=5)
    assert np.array_equal(stream.normal([42], steps=5)[..., 0], whole[..., 42])


def test_blocks_wider_than_the_cache_change_nothing():
    stream = Stream(1, "wide")
    wide = stream.uniform(np.arange(2 * BLOCK + 3))
    assert np.array_equal(wide[..., -5:], stream.uniform(np.arange(2 * BLOCK - 2, 2 * BLOCK + 3)))


def test_seed_name_element_step_and_member_all_make_another_number():
    members = np.arange(50)
    numbers = [
        Stream(1, "a").uniform(members, steps=4, elements=3),
        Stream(2, "a").uniform(members, steps=4, elements=3),
        Stream(1, "b").uniform(members, steps=4, elements=3),
        Stream(1, "a").sub("b").uniform(members, steps=4, elements=3),
    ]
    assert np.unique(numbers).size == 4 * 4 * 3 * 50


def test_the_key_of_a_name_is_the_same_everywhere():
    assert Stream(1, "猪周期").key == (1761248287, 1300272864)


def test_uniform_numbers_are_even_and_never_reach_the_ends():
    numbers = Stream(3, "u").uniform(np.arange(100_000), steps=2).ravel()
    assert 0 < numbers.min() < 1e-4
    assert 1 - 1e-4 < numbers.max() < 1
    counts = np.histogram(numbers, bins=50, range=(0, 1))[0]
    chi_squared = ((counts - 4000) ** 2 / 4000).sum()
    assert chi_squared < 95  # 49 degrees of freedom, 1 in 10,000
    scaled = numbers * 2.0**53
    assert np.all(scaled % 2 == 1)


def test_normal_numbers_have_the_moments_of_the_normal():
    x = Stream(3, "n").normal(np.arange(100_000), steps=2)
    assert abs(x.mean()) < 0.01
    assert abs(x.std() - 1) < 0.01
    assert abs((x**4).mean() - 3) < 0.1
    assert abs((x[0] * x[1]).mean()) < 0.015
    assert abs(np.mean(x[..., 1:] * x[..., :-1])) < 0.01


def test_a_million_numbers_take_far_less_than_a_second():
    stream = Stream(1, "fast")
    begin = time.perf_counter()
    stream.normal(np.arange(20_000), steps=50)
    assert time.perf_counter() - begin < 1.0
