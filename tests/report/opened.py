"""A report that is open in a browser."""


class Opened:
    """A report opened in a page of its own, with everything it complained about and asked for."""

    def __init__(self, browser, file, **context):
        self.file, self.said, self.asked = file, [], []
        self.context = browser.new_context(**({"viewport": {"width": 1440, "height": 900}} | context))
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("html[data-ready=yes]")

    def ids(self):
        return self.page.eval_on_selector_all("#body tr.row .opener", "all => all.map((b) => b.textContent)")

    def all_ids(self):
        """Return the ids of everybody who is shown, by scrolling through the list."""
        seen = {}
        view = self.page.locator("#viewport")
        view.evaluate("v => { v.scrollTop = 0; }")
        for _ in range(200):
            self.settle()
            seen.update(
                self.page.eval_on_selector_all(
                    "#body tr.row",
                    "all => Object.fromEntries(all.map((r) => [r.dataset.place, r.querySelector('.opener').textContent]))",
                )
            )
            if view.evaluate(
                "v => { const was = v.scrollTop; v.scrollTop += v.clientHeight; return v.scrollTop === was; }"
            ):
                break
        return [seen[str(i)] for i in range(len(seen))]

    def settle(self):
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def shown(self):
        return self.page.inner_text("#shown")

    def tick(self, facet, *names):
        self.page.click(f"details[data-facet='{facet}'] > summary")
        for name in names:
            self.page.check(f"details[data-facet='{facet}'] input[value='{name}']")
        self.page.keyboard.press("Escape")

    def search(self, text):
        self.page.fill("#search", text)
        self.page.wait_for_timeout(120)
