"""Who is answered, what every answer says, and that nothing of this machine gets out."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from services import METHOD, PHOTO, Live, running

from neardepth.errors import ServiceError
from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from neardepth.service.guard import HEADERS, allowed_hosts, is_loopback
from neardepth.service.negotiation import best_match
from neardepth.service.server import check_address

TOKEN = "0123456789abcdefghij"


def test_every_answer_has_the_headers(live: Live) -> None:
    for path in ("/", "/page/main.js", "/v1/pools", "/healthz", "/nowhere", "/openapi.json"):
        headers = live.client.get(path).headers
        for name, value in HEADERS.items():
            assert headers[name] == value or name == "Cache-Control", (path, name)
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
    refused = live.client.get("/v1/pools", headers={"Host": "evil.example"})
    assert refused.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Host": "localhost:99"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "[broken"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_other_names_and_other_sites_are_refused(
    live: Live, headers: dict[str, str], status: int
) -> None:
    assert live.client.get("/v1/pools", headers=headers).status_code == status


def test_a_preflight_of_another_site_gets_nothing(live: Live) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    response = live.client.options("/v1/depth", headers=headers)
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_a_link_from_elsewhere_may_open_the_page(live: Live) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert live.client.get("/", headers=headers).status_code == 200
    assert live.client.post("/v1/depth", content=PHOTO, headers=headers).status_code == 403


def test_the_token_guards_all_but_the_page(pool: Path) -> None:
    app = create_app(Catalogue([pool]), method=METHOD, host="0.0.0.0", token=TOKEN)
    with running(app) as live:
        for path in ("/", "/page/main.js", "/healthz", "/openapi.json"):
            assert live.client.get(path).status_code == 200
        for given in (None, "", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer é"):
            headers = {} if given is None else {"Authorization": given.encode()}
            for path in ("/v1/pools", "/metrics", "/v1/results/abc/depth.png"):
                response = live.client.get(path, headers=headers)
                assert response.status_code == 401
                assert response.headers["www-authenticate"] == "Bearer"
        description = live.client.get("/openapi.json").json()
        schemes = description["components"]["securitySchemes"]
        assert [(each["type"], each["scheme"]) for each in schemes.values()] == [("http", "bearer")]
        for path, operations in description["paths"].items():
            for operation in operations.values():
                assert bool(operation.get("security")) == (path != "/healthz"), path
        headers = {"Authorization": f"bearer {TOKEN}", "Host": "any.name"}
        assert live.client.get("/v1/pools", headers=headers).status_code == 200


def test_probes_may_ask_for_the_head_alone(live: Live) -> None:
    for path in ("/", "/healthz", "/page/main.js"):
        head = live.client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == live.client.get(path).headers["content-length"]
    assert "securitySchemes" not in live.client.get("/openapi.json").json()["components"]


def test_no_address_beyond_this_machine_without_a_token() -> None:
    for host in ("127.0.0.1", "localhost", "::1", "127.5.5.5"):
        check_address(host, None)
        assert is_loopback(host)
        assert host in (allowed_hosts(host) or ())
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", ""):
        with pytest.raises(ServiceError, match="token"):
            check_address(host, None)
        assert allowed_hosts(host) is None
        check_address(host, TOKEN)
    for short in ("", "secret", "a b" * 10, "é" * 20, "\n" * 20):
        with pytest.raises(ServiceError, match="at least 16"):
            check_address("127.0.0.1", short)


def test_errors_are_problems_and_show_nothing_of_the_machine(live: Live, pool: Path) -> None:
    asks: list[httpx.Response] = [
        live.client.get("/nowhere"),
        live.client.put("/v1/depth"),
        live.client.post("/v1/depth?pool=../../etc/passwd", content=PHOTO),
        live.client.post("/v1/depth?method=paper", content=PHOTO),
        live.client.post("/v1/depth?method=/etc/passwd", content=PHOTO),
        live.client.post("/v1/depth?fov=158", content=PHOTO),
        live.client.post("/v1/depth?fov=40&focal_px=40", content=PHOTO),
        live.client.post("/v1/depth?focal_px=1e5", content=PHOTO),
        live.client.post("/v1/depth", content=b""),
        live.client.post("/v1/depth", content=PHOTO, headers={"Accept": "text/html"}),
        live.client.get("/v1/results/..%2f..%2fetc/depth.png"),
        live.client.get("/v1/results/abc/..%2f..%2fetc%2fpasswd"),
        live.client.get("/page/..%2f__init__.py"),
        live.client.get("/page/%2e%2e/app.py"),
        live.client.get("/v1/results/abc/neighbours/99999999999/photo"),
    ]
    statuses = [response.status_code for response in asks]
    assert statuses == [404, 405, 404, 409, 422, 422, 422, 422, 400, 406, 404, 404, 404, 404, 422]
    for response in asks:
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["title"]
        assert not re.search(r"/tmp|/home|/root|\.py|Traceback", problem["detail"])
        assert str(pool.parent) not in response.text


def test_an_unforeseen_error_is_told_without_its_text(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(live.state.catalogue, "estimator", fail)
    response = live.client.post("/v1/depth", content=PHOTO)
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "secret" not in response.text
    monkeypatch.undo()
    assert live.client.post("/v1/depth", content=PHOTO).status_code == 200


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        (None, "a/x"),
        ("*/*", "a/x"),
        ("b/y", "b/y"),
        ("b/*", "b/y"),
        ("a/x;q=0.1, b/y", "b/y"),
        ("a/x;q=0, */*", "b/y"),
        ("text/html", None),
        ("a/x;q=zero", None),
        ("a/x;q=nan, b/y", "b/y"),
        (";;,,=", None),
    ],
)
def test_accept_is_understood(accept: str | None, best: str | None) -> None:
    assert best_match(accept, ("a/x", "b/y")) == best
