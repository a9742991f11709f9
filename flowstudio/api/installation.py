"""What this installation is."""

from __future__ import annotations

from dataclasses import asdict

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.models.installation import InstallationView
from flowstudio.api.routes import needs, refusals, router

resource = router("Installation")


@resource.get(
    "/installation",
    summary="Describe the installation",
    responses=refusals(401, 403),
    openapi_extra=needs("admin"),
)
async def read_installation(caller: SignedIn, studio: Studio) -> InstallationView:
    """Its versions, where its data lies and how much that is, and how well user code is locked away."""
    return InstallationView.model_validate(asdict(await studio.installation.describe(caller)))
