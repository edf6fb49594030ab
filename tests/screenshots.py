"""The README's pictures: `make screenshots`."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import chromium_launch
from tests.site import Site, running_site

#  file → address, width, height, colours
PICTURES = {
    "conversation": ("/", 1440, 900, "light"),
    "gallery": ("/artifacts?scope=all", 1440, 900, "light"),
    "gallery-dark": ("/artifacts?scope=all", 1440, 900, "dark"),
}


def signed_in(browser: Browser, site: Site, password: str, width: int, height: int, colours: str) -> Page:
    context = browser.new_context(
        base_url=site.url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if colours == "dark" else "light",
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("Username", exact=False).fill("demo")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("networkidle")
    return page


def main(scratch: Path, pictures: Path) -> None:
    pictures.mkdir(parents=True, exist_ok=True)
    with running_site(scratch) as site, sync_playwright() as playwright:
        password = site.manage("demo").split("the password ")[1].split()[0]
        browser = playwright.chromium.launch(**chromium_launch())  # type: ignore[arg-type]
        for name, (address, width, height, colours) in PICTURES.items():
            page = signed_in(browser, site, password, width, height, colours)
            page.goto(address)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=pictures / f"{name}.png")
            page.context.close()
            print(pictures / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
