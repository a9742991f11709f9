"""What admins set for the server."""

from __future__ import annotations

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.models.server_settings import MailTrial, ServerSettings, ServerSettingsView
from flowstudio.api.routes import needs, refusals, router
from flowstudio.services.server_settings import NUMBERS, WantedMail

resource = router("Installation")


@resource.get(
    "/server-settings",
    summary="Read the server's settings",
    responses=refusals(401, 403),
    openapi_extra=needs("admin"),
)
async def read_server_settings(caller: SignedIn, studio: Studio) -> ServerSettingsView:
    """How long executions are kept, limits, and the mail server without its password."""
    return ServerSettingsView.of(studio.server_settings.get(caller))


@resource.put(
    "/server-settings",
    summary="Set the server's settings",
    responses=refusals(400, 401, 403, 413),
    openapi_extra=needs("admin"),
)
async def set_server_settings(body: ServerSettings, caller: SignedIn, studio: Studio) -> ServerSettingsView:
    """Replaces all of them; they hold at once, in other processes within seconds. What environment variables set stays as it
    is. 400 when the password of another mail server is missing."""
    numbers = {name: getattr(body, name) for name in NUMBERS}
    mail = WantedMail(**body.mail.model_dump()) if body.mail is not None else None
    return ServerSettingsView.of(await studio.server_settings.replace(caller, numbers, mail))


@resource.post(
    "/server-settings/test-mail",
    summary="Send a test mail",
    responses=refusals(401, 403, 409),
    openapi_extra=needs("admin"),
)
async def send_test_mail(caller: SignedIn, studio: Studio) -> MailTrial:
    """Sends a mail to the caller's own address by the mail server that is set, and says what came of it. 409 when none is set."""
    problem = await studio.server_settings.try_mail(caller)
    return MailTrial(sent=not problem, message=problem or f"A mail is on its way to {caller.email}.")
