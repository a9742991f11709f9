import pytest

from flowstudio.config import Settings
from scripts.document import PAGES, ROOT, settings_page, variable


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_is_for(name: str) -> None:
    description = Settings.model_fields[name].description or ""
    assert description.endswith("."), f"{name} needs a docstring that is a sentence"


@pytest.mark.parametrize("page", PAGES)
def test_the_generated_pages_are_up_to_date(page: str) -> None:
    assert (ROOT / page).read_text() == PAGES[page](), "run make docs"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_page_names_the_variable_that_is_read(name: str) -> None:
    assert f"`FLOWSTUDIO_{name.upper()}`" in settings_page()
    assert variable(name) == f"FLOWSTUDIO_{name.upper()}"
