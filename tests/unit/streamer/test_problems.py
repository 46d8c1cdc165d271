from collections.abc import Iterator

import pytest

from streamer.problems import TABLE, Problem, ProblemDetails, UploadTooLarge, details, plain


def subclasses(of: type[Problem]) -> Iterator[type[Problem]]:
    for kind in of.__subclasses__():
        yield kind
        yield from subclasses(kind)


def test_every_problem_has_a_status() -> None:
    assert set(TABLE) == set(subclasses(Problem))


def test_a_slug_names_one_problem() -> None:
    slugs = [slug for _, slug, _ in TABLE.values()]
    assert len(set(slugs)) == len(slugs)


@pytest.mark.parametrize("problem", TABLE)
def test_a_problem_explains_itself(problem: type[Problem]) -> None:
    shown = details(problem(), "/x")
    assert 400 <= shown.status < 600
    assert shown.detail == problem.__doc__


def test_details_say_what_happened() -> None:
    assert details(UploadTooLarge("9 bytes are more than 8"), "/api/v1/tracks") == ProblemDetails(
        type="/api/docs#upload-too-large",
        title="The recording is too large",
        status=413,
        detail="9 bytes are more than 8",
        instance="/api/v1/tracks",
    )


def test_a_plain_problem_has_no_type_rfc_9457_4_2_1() -> None:
    assert plain(404, "Not Found", "", "/x").type == "about:blank"
