"""Templates in the browser: the gallery, a few to begin with, and the setup checklist of the editor."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.modules import BrowserComponent

LIBRARY = "$/flowstudio/templates/gallery.jsx"


class TemplateGallery(BrowserComponent):
    """All templates with search and categories."""

    library = LIBRARY
    tag = "TemplateGallery"
    may_edit: rx.Var[bool]


class TemplateSuggestions(BrowserComponent):
    """A few templates to begin with, for a page that has nothing else to show yet."""

    library = LIBRARY
    tag = "TemplateSuggestions"
    may_edit: rx.Var[bool]


template_gallery = TemplateGallery.create
template_suggestions = TemplateSuggestions.create
