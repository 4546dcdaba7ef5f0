"""The page in a real browser: it shows what there is, to everybody, and sends nothing."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace
from tests.report.html.samples import FOLDER, HOSTILE, make_excluded, make_fact, make_incident, make_summary
from tests.report.samples import FLUSH, ancestor, make_correlation, make_finding

from vedette.hunt.finding import FindingOrigin, Matched, RuleHeader
from vedette.report.dossier import Dossier, Item


def everything() -> list[Item]:
    raw = ('node=gw-nft-01 type=SYSCALL msg=audit(1.0:1): exe="/usr/sbin/iptables"', "second record")
    return [
        make_finding(raw=raw),
        make_finding("iptables -F ufw-logging-allow", time="2026-11-24T08:35:31.000Z"),
        make_finding("/tmp/.x/kworker iptables -F", time="2026-11-24T08:38:31.000Z", rule=FOLDER, login_user="deploy"),
        make_finding("iptables -X", time="2026-11-24T08:39:00.000Z", host="db-02", user="mallory", login_user=None),
        make_excluded(time="2026-11-24T08:39:30.000Z"),
        make_incident(),
        make_summary(),
    ]


def silent(opened) -> None:
    assert opened.complaints == []
    assert opened.requests == []
    assert opened.dialogs == []


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_every_width_and_asks_for_nothing(show, width, scheme):
    opened = show(everything(), width=width, scheme=scheme)
    for row in opened.page.locator(".row").all():
        row.click()
    opened.page.locator(".card button", has_text="Show").first.click()
    for summary in opened.page.locator("details.rule > summary").all():
        summary.click()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", ground)[:3]))
    assert (brightness < 200) is (scheme == "dark")
    silent(opened)


def test_the_summary_tells_the_figures(show):
    opened = show(everything())
    lead = opened.texts("#summary-body .lead")[0]
    assert "1 incident" in lead
    assert "4 findings" in lead
    assert "1 more finding covered by exclusions" in lead
    assert [text.split() for text in opened.texts("button.tile")] == [["1", "high"], ["3", "medium"]]


def test_an_incident_names_who_from_where_and_to_where(show):
    opened = show(everything())
    card = opened.texts(".card")[0]
    for part in (
        "deploy as root",
        "203.0.113.77",
        "10.77.0.12 port 22",
        "0.0.0.0 port 4445",
        "kernel confirms the loss",
    ):
        assert part in card
    for part in ("firewall left open", "ausearch --session 371 -i", "\u221282", "not told", "ssh to a new peer"):
        assert part in card
    assert opened.texts(".facts .tag") == ["flush", "loss", "listener", "listener", "ssh"]
    silent(opened)


def test_an_incident_s_tree_has_the_processes_of_its_findings(show):
    opened = show([make_finding(), make_incident(facts=(make_fact(origin=FindingOrigin("audit.log", 123456, 59364)),))])
    opened.page.locator(".card button", has_text="Show").click()
    names = opened.texts(".card .tree .name")
    assert names == ["init", "sshd", "bash", "sudo", "ufw", "ufw-init", "iptables"]
    assert "edge of the log" not in opened.texts(".card .tree")[0]


@pytest.mark.parametrize(("name", "commands"), [("i-1", 1), ("$(id)", 0), ("-x", 0), ("a b", 0)])
def test_a_decision_can_be_copied_as_a_command_where_the_id_is_harmless(show, name, commands):
    opened = show([make_incident(id=name)])
    assert opened.page.locator("code", has_text=f"vedette decide {name} malicious").count() == commands
    assert name in opened.texts(".card")[0]


def test_a_tree_that_does_not_reach_init_says_so(show):
    opened = show([make_finding(ancestors=(ancestor(99, "-bash"),))])
    opened.page.locator(".row").click()
    assert "edge of the log" in opened.texts(".detail .tree")[0]


def test_the_records_are_shown_when_asked_for(show):
    opened = show(everything())
    row = opened.page.locator(".row", has_text="ufw-logging-deny")
    row.click()
    detail = opened.page.locator(".detail")
    assert "type=SYSCALL" not in detail.inner_text()
    detail.get_by_role("button", name="Records as logged").click()
    assert 'type=SYSCALL msg=audit(1.0:1): exe="/usr/sbin/iptables"\nsecond record' in detail.inner_text()


@pytest.mark.parametrize(
    ("act", "left"),
    [
        (lambda page: page.locator("#search").fill("kworker"), 1),
        (lambda page: page.locator("#search").fill("UFW-LOGGING session 343"), 2),
        (lambda page: page.locator("#search").fill("force-stop"), 4),
        (lambda page: page.locator("#search").fill("no such text"), 0),
        (lambda page: page.get_by_role("button", name="high", exact=True).last.click(), 1),
        (lambda page: page.locator("button.tile", has_text="medium").click(), 3),
        (lambda page: page.get_by_label("All hosts").select_option(label="db-02 (1)"), 1),
        (lambda page: page.get_by_label("All users").select_option(label="deploy (1)"), 1),
        (lambda page: page.get_by_label("All rules").select_option(index=1), 1),
        (lambda page: page.get_by_label("Verdict").select_option(""), 5),
        (lambda page: page.get_by_label("Verdict").select_option("excluded"), 1),
        (lambda page: page.locator(".cell").first.click(), 4),
    ],
)
def test_a_filter_leaves_what_fits(show, act, left):
    opened = show(everything())
    act(opened.page)
    number = opened.page.locator("#findings-body [role=status]")
    number.filter(has_text=re.compile(rf"^{left} finding")).wait_for()
    opened.page.get_by_role("button", name="Clear").click()
    number.filter(has_text=re.compile("^4 findings")).wait_for()
    silent(opened)


def test_a_range_of_the_timeline_is_a_filter(show):
    opened = show(everything())
    line = opened.page.locator(".timeline svg")
    line.scroll_into_view_if_needed()
    box = line.bounding_box()
    number = opened.page.locator("#findings-body [role=status]")
    opened.page.mouse.move(box["x"] + 2, box["y"] + 60)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60, steps=4)
    opened.page.mouse.up()
    number.filter(has_text=re.compile("^2 findings")).wait_for()
    line.focus()
    opened.page.keyboard.press("0")
    number.filter(has_text=re.compile("^4 findings")).wait_for()
    opened.page.keyboard.press("+")
    opened.page.keyboard.press("ArrowRight")
    assert not number.inner_text().startswith("4 ")
    opened.page.get_by_role("button", name="Show the whole time").click()
    number.filter(has_text=re.compile("^4 findings")).wait_for()
    opened.page.get_by_label("Lanes of the timeline").select_option("host")
    assert "db-02" in line.text_content()
    silent(opened)


def test_the_keyboard_reaches_all_that_acts(show):
    opened = show(everything())
    page = opened.page
    reached: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "(() => { const one = document.activeElement; return one === document.body ? '' :"
            " `${one.tagName.toLowerCase()}.${one.classList[0] || ''}#${one.id}`; })()"
        )
        if not here:
            break
        reached.append(here)
    for wanted in (
        "a.skip#",
        "button.quiet#theme",
        "input.#search",
        "button.chip#",
        "svg.#",
        "button.row#",
        "button.copy#",
    ):
        assert wanted in reached, (wanted, reached)
    order = [
        reached.index(wanted)
        for wanted in ("button.quiet#theme", "button.copy#", "input.#search", "svg.#", "button.row#")
    ]
    assert order == sorted(order)


def test_enter_opens_a_row_and_escape_shuts_it(show):
    opened = show(everything())
    page = opened.page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    row = page.locator(".row").first
    row.focus()
    page.keyboard.press("Enter")
    assert row.get_attribute("aria-expanded") == "true"
    page.locator(".detail .copy").first.focus()
    page.keyboard.press("Escape")
    assert row.get_attribute("aria-expanded") == "false"
    assert page.evaluate("document.activeElement.classList.contains('row')")
    assert page.locator(".detail").count() == 0


def test_a_copy_button_copies_the_command(show):
    opened = show(everything())
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.page.locator(".step .copy").nth(1).click()
    opened.page.locator(".copy", has_text="Copied").wait_for()
    text = opened.page.evaluate("navigator.clipboard.readText()")
    assert text == "Syslog\n| where SyslogMessage has 'ses=371'"


def test_findings_alike_share_a_row_and_can_be_walked(show):
    opened = show([make_finding(f"iptables -F ufw-logging-{number}") for number in range(5)])
    assert opened.page.locator(".row").count() == 1
    opened.page.locator(".row").click()
    detail = opened.page.locator(".detail")
    assert "finding 1 of 5" in detail.inner_text()
    detail.get_by_role("button", name="Next").click()
    assert "finding 2 of 5" in detail.inner_text()
    assert "ufw-logging-1" in detail.inner_text()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_correlation_shows_what_it_joins_with_authors(show, width):
    opened = show([make_correlation(), make_finding()], width=width)
    opened.page.locator(".row", has_text="Flush, then peer").click()
    text = opened.page.locator(".detail").inner_text()
    for part in ("temporal ordered", "4 events, 1 of them excluded, in 2 windows of 10 min", "New peer", "343"):
        assert part in text
    assert "Flush Iptables Ufw Chain by Joseliyo Sanchez, @Joseliyo_Jstnk · DRL-1.1, 3 events" in text
    rules = opened.texts("#rules")[0]
    assert re.search(r"New peer.*joined by a correlation", rules, re.DOTALL)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    silent(opened)


def test_rules_show_their_author_their_text_and_their_query(show):
    from vedette.hunt.hunt import built_in_pack

    source = f"{built_in_pack('linux-firewall')}/rules/proc_creation_lnx_iptables_flush_ufw.yml"
    opened = show([make_finding(rule=replace(FLUSH, source=source))])
    rule = opened.page.locator("details.rule")
    assert "by Joseliyo Sanchez, @Joseliyo_Jstnk · DRL-1.1" in rule.inner_text()
    rule.locator("summary").click()
    text = rule.inner_text()
    assert "Detect use of iptables to flush all firewall rules" in text
    assert "- 'ufw-logging-deny'" in text
    assert "imProcessCreate" in text


def test_a_rule_whose_file_has_gone_is_named_with_its_author(show):
    opened = show([make_finding()])
    rule = opened.page.locator("details.rule")
    rule.locator("summary").click()
    assert "the rule's file is not where it was" in rule.inner_text()


def test_exclusions_say_what_they_silenced_and_why(show):
    text = show(everything()).texts("#exclusions")[0]
    for part in ("Maintenance Script", "the job refills the chains", "silenced 12 findings", "owner: ops"):
        assert part in text


def test_coverage_says_what_was_not_seen(show):
    holding = Dossier(
        tuple(item for item in everything() if item.kind == "finding"),  # type: ignore[misc]  # kind tells the type
        (),
        (make_summary(),),
        {"no JSON object with `schema` and `kind`": 2},
        {"no JSON object with `schema` and `kind`": "f.ndjson:7"},
        9,
    )
    text = show(holding).texts("#coverage")[0]
    for part in (
        "gw-nft-01",
        "auditd was stopped",
        "needs OriginalFileName",
        "rules/bad.yml:3: no detection",
        "77.3 %",
    ):
        assert part in text
    assert "2 lines: no JSON object with `schema` and `kind`, first at f.ndjson:7" in text


def test_without_an_account_the_page_says_that_nothing_is_known(show):
    assert "can't say what was covered" in show([make_finding()]).texts("#coverage")[0]


def test_a_page_of_nothing_says_so(show):
    opened = show([])
    assert "No findings" in opened.texts("#findings")[0]
    assert opened.page.locator("#incidents").is_hidden()
    silent(opened)


def test_techniques_stand_below_their_tactics_and_unknown_ones_apart(show):
    strange = RuleHeader("r2", "Strange", "low", "A", "MIT", "", ("T9999.001",))
    text = show([make_finding(), make_finding(rule=strange)]).texts("#techniques")[0]
    assert re.search(
        r"DEFENSE IMPAIRMENT\s+Disable or Modify System Firewall\s+T1686 · was T1562.004 · 1 finding", text
    )
    assert re.search(r"NOT IN OUR LIST\s+T9999.001", text)


HOSTILE_ITEMS: list[Item] = [
    make_finding(
        HOSTILE,
        host=HOSTILE,
        user=HOSTILE,
        login_user=HOSTILE,
        category=HOSTILE,
        event={HOSTILE: HOSTILE, "big": 2**70},
        matched=(Matched(HOSTILE, HOSTILE),),
        ancestors=(ancestor(7, HOSTILE, user=HOSTILE, image=HOSTILE),),
        raw=(HOSTILE, "x" * 100_000),
        rule=RuleHeader(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, (HOSTILE, "__proto__")),
    ),
    make_incident(
        title=HOSTILE, came_from=HOSTILE, hosts=(HOSTILE,), reasons=(HOSTILE,), login_user=HOSTILE, level=HOSTILE,
        facts=(make_fact(text=HOSTILE, command_line=HOSTILE, address=HOSTILE), make_fact("ssh", 1, address=HOSTILE)),
    ),
    make_summary(notes=(HOSTILE,), refused=(HOSTILE,), rejected={HOSTILE: 1, "__proto__": 3}),
]  # fmt: skip


@pytest.mark.parametrize("width", [390, 1280])
def test_hostile_text_stays_text(show, width):
    opened = show(HOSTILE_ITEMS, width=width)
    page = opened.page
    page.locator("#search").fill("onerror=alert")
    page.locator(".row").click()
    page.get_by_role("button", name="Records as logged").click()
    page.locator(".card button", has_text="Show").first.click()
    page.locator("details.rule > summary").click()
    assert page.locator("img, b:text-is('bold'), iframe, object, embed, form, link").count() == 0
    assert page.locator("script").count() == page.locator("script[type='application/json']").count() + 1
    text = page.locator("main").inner_text()
    assert r"</script><img src=x onerror=alert(1)><b>bold</b>\x1b[31m\u202egnp.exe\u200b<!--" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069]", text)
    assert "characters left out" in text
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    silent(opened)


def test_the_policy_lets_no_other_script_run(show):
    opened = show([make_finding()])
    ran = opened.page.evaluate(
        "(() => { const one = document.createElement('script'); one.textContent = 'window.ran = true';"
        " document.body.append(one); return window.ran === true; })()"
    )
    assert ran is False
    assert any("Content Security Policy" in text for text in opened.complaints)


def test_print_shows_the_substance_and_no_controls(show):
    opened = show(everything(), scheme="dark")
    page = opened.page
    page.emulate_media(media="print")
    for hidden in (".top", ".filters", ".copy", "#theme"):
        assert page.locator(hidden).first.is_hidden(), hidden
    for shown in (".card", ".row", "#rules", "#coverage"):
        assert page.locator(shown).first.is_visible(), shown
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.rule:not([open])").count() == 0


def test_colours_can_be_switched(show):
    opened = show(everything())
    before = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    opened.page.locator("#theme").click()
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_many_findings_stand_on_pages(show):
    opened = show([make_finding(time=f"2026-11-24T{n // 60:02d}:{n % 60:02d}:00.000Z") for n in range(130)])
    assert opened.page.locator(".row").count() == 50
    opened.page.get_by_role("button", name="Next").click()
    opened.page.get_by_role("button", name="Next").click()
    assert opened.page.locator(".row").count() == 30
    silent(opened)
