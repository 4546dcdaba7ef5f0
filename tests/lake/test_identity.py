from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from vedette.lake.identity import HEAD, Identity, head_of


def whole(content: bytes) -> str:
    identity = Identity({})
    identity.take(content)
    return identity.id


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6), st.lists(st.integers(1, 400), max_size=4))
def test_chunks_do_not_matter_and_beginnings_are_known(content, cuts, sizes):
    known = {size: frozenset({whole(content[:size]), "another"}) for size in sizes if size <= len(content)}
    identity = Identity({**known, 500: frozenset({"longer"})})
    places = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    seen = b"".join(identity.through(content[a:b] for a, b in itertools.pairwise(places)))
    assert seen == content
    assert identity.id == whole(content)
    assert identity.head == head_of(content)
    assert set(identity.begins) == {whole(content[:size]) for size in known}


def test_the_head_is_bounded():
    assert head_of(b"a" * HEAD + b"b") == head_of(b"a" * HEAD)
