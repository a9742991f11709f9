"""Credentials: their list and the forms that store them. Values go from the form to the server and never come back."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.modules import BrowserComponent


class CredentialList(BrowserComponent):
    """All credentials; admins add, change and delete."""

    library = "$/flowstudio/credentials/credentials.jsx"
    tag = "CredentialList"
    ready: rx.Var[bool]
    may_edit: rx.Var[bool]
    may_admin: rx.Var[bool]


credential_list = CredentialList.create
