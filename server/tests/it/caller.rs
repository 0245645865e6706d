//! Who may ask: the host name that a request goes to and the page that it comes from, row by row.

use crate::client::{Server, check, get, limits};

#[test]
fn only_our_own_host_names_are_answered() {
    let server = Server::with(limits(), &["Box.example:99"]);
    let row = |hosts: &str, status, code| {
        for path in ["/health", "/sessions", "/", "/nothing"] {
            let request = format!("GET {path} HTTP/1.1\n{hosts}\n");
            // Where the host is good, the path decides.
            let (status, code) = match (status, path) {
                (200, "/nothing") => (404, "not_found"),
                _ => (status, code),
            };
            check(&server, &request, status, code);
        }
    };
    row("Host: 127.0.0.1:PORT\n", 200, "-");
    row("Host: localhost:PORT\n", 200, "-");
    row("Host: LocalHost:PORT\n", 200, "-");
    row("Host: [::1]:PORT\n", 200, "-");
    row("Host: box.example:99\n", 200, "-");
    row("", 400, "bad_host");
    row(
        "Host: 127.0.0.1:PORT\nHost: 127.0.0.1:PORT\n",
        400,
        "bad_host",
    );
    row(
        "Host: evil.example\nHost: 127.0.0.1:PORT\n",
        400,
        "bad_host",
    );
    for foreign in [
        "",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:1",
        "localhost.:PORT",
        "127.0.0.1.:PORT",
        "127.0.0.2:PORT",
        "127.1:PORT",
        "0.0.0.0:PORT",
        "evil.example",
        "evil.example:PORT",
        "127.0.0.1:PORT.evil.example",
        "a@127.0.0.1:PORT",
        "box.example",
        "box.example:PORT",
    ] {
        row(&format!("Host: {foreign}\n"), 403, "bad_host");
    }
    let absolute = "GET http://127.0.0.1:PORT/health HTTP/1.1\nHost: 127.0.0.1:PORT\n\n";
    check(&server, absolute, 400, "bad_host");
    check(
        &server,
        "CONNECT 127.0.0.1:PORT HTTP/1.1\nHost: 127.0.0.1:PORT\n\n",
        400,
        "bad_host",
    );
    check(&server, "GET /health HTTP/1.0\n\n", 400, "bad_host");
    check(
        &server,
        "GET /health HTTP/1.0\nHost: 127.0.0.1:PORT\n\n",
        200,
        "-",
    );
}

#[test]
fn another_sites_page_is_refused() {
    let server = Server::with(limits(), &["box.example:99"]);
    let row = |headers: &str, status, code| {
        check(&server, &get("/sessions", headers), status, code);
    };
    row("Origin: http://127.0.0.1:PORT\n", 200, "-");
    row("Origin: http://localhost:PORT\n", 200, "-");
    row("Origin: http://[::1]:PORT\n", 200, "-");
    row("Origin: http://box.example:99\n", 200, "-");
    for foreign in [
        "",
        "null",
        "http://127.0.0.1",
        "https://127.0.0.1:PORT",
        "http://127.0.0.1:PORT/",
        "HTTP://127.0.0.1:PORT",
        "http://LOCALHOST:PORT",
        "http://127.0.0.1:PORT.evil.example",
        "http://evil.example",
        "127.0.0.1:PORT",
        "file://",
    ] {
        row(&format!("Origin: {foreign}\n"), 403, "bad_origin");
    }
    let two = "Origin: http://127.0.0.1:PORT\nOrigin: http://evil.example\n";
    row(two, 403, "bad_origin");

    row("Sec-Fetch-Site: same-origin\n", 200, "-");
    row("Sec-Fetch-Site: none\n", 200, "-");
    for foreign in ["cross-site", "same-site", "", "Same-Origin", "x"] {
        row(&format!("Sec-Fetch-Site: {foreign}\n"), 403, "bad_origin");
    }
    row(
        "Sec-Fetch-Site: none\nSec-Fetch-Site: cross-site\n",
        403,
        "bad_origin",
    );
    row(
        "Origin: http://127.0.0.1:PORT\nSec-Fetch-Site: cross-site\n",
        403,
        "bad_origin",
    );
}

#[test]
fn a_link_from_anywhere_may_open_the_page_and_nothing_else() {
    let server = Server::start();
    let link = "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\n";
    check(&server, &get("/", link), 200, "-");
    for path in [
        "/sessions",
        "/health",
        "/index.js",
        "/standalone.js",
        "/nothing",
    ] {
        check(&server, &get(path, link), 403, "bad_origin");
    }
    let post = format!("POST / HTTP/1.1\nHost: 127.0.0.1:PORT\n{link}\n");
    check(&server, &post, 403, "bad_origin");
    check(
        &server,
        &get("/", "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\n"),
        403,
        "bad_origin",
    );
    check(
        &server,
        &get("/", "Sec-Fetch-Site: cross-site\n"),
        403,
        "bad_origin",
    );
    check(
        &server,
        &get("/", &format!("{link}Origin: http://evil.example\n")),
        403,
        "bad_origin",
    );
}
