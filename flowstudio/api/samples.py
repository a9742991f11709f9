"""The sample data of the examples."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from flowstudio.api.access import Studio, runtime_of
from flowstudio.api.errors import answer
from flowstudio.api.models.common import View
from flowstudio.api.routes import needs, router
from flowstudio.errors import NotFound

listing = router("Samples")


class Sample(View):
    """A file of sample data."""

    name: str
    url: str
    """Path on this server."""


class SampleList(View):
    """All sample data."""

    items: list[Sample]


@listing.get("/samples", summary="List the sample data", openapi_extra=needs("public"))
async def list_samples(studio: Studio) -> SampleList:
    """Files that the examples read over HTTP."""
    return SampleList(items=[Sample(name=name, url=f"/samples/{name}") for name in studio.samples.names()])


async def read_sample(request: Request) -> Response:
    """`/samples/{name}`: one file."""
    try:
        sample = runtime_of(request.scope).samples.get(request.path_params["name"])
    except NotFound as error:
        return answer(error)
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=3600"}
    return Response(sample.data, media_type=sample.media_type, headers=headers)
