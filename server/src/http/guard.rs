//! Who may ask: `Host`, `Origin` and `Sec-Fetch-Site`, checked before anything else is looked at.
//!
//! A web page that a person visits can send requests to 127.0.0.1 and, by rebinding its name, even read
//! the answers; these headers are what a browser doesn't let it forge. Does not know the routes, but for
//! the one page that may be navigated to from anywhere.

use hyper::{HeaderMap, Method, Uri, header, http::request::Parts};
use wire::Code;

use crate::http::error::Refusal;

/// The `Host` values under which this server answers, in lower case.
#[derive(Clone, Debug)]
pub struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// Allows the loopback names with `port`, and `extra` as it stands.
    pub fn new(port: u16, extra: &[String]) -> Self {
        let names = ["127.0.0.1", "localhost", "[::1]"];
        let mut hosts: Vec<String> = names.map(|name| format!("{name}:{port}")).into();
        if port == 80 {
            // Browsers leave the port of plain HTTP out.
            hosts.extend(names.map(str::to_owned));
        }
        hosts.extend(extra.iter().map(|host| host.to_ascii_lowercase()));
        Self(hosts)
    }

    fn has(&self, host: &[u8]) -> bool {
        self.0
            .iter()
            .any(|ours| ours.as_bytes().eq_ignore_ascii_case(host))
    }

    fn has_origin(&self, origin: &[u8]) -> bool {
        origin
            .strip_prefix(b"http://")
            .is_some_and(|host| self.0.iter().any(|ours| ours.as_bytes() == host))
    }

    /// Lets a request pass, or says why not.
    pub(crate) fn check(&self, request: &Parts) -> Result<(), Refusal> {
        self.check_host(&request.uri, &request.headers)?;
        self.check_origin(&request.headers)?;
        check_site(request)
    }

    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let malformed = |why: &str| {
            let sentence = format!("{why}; send one Host header and a path.");
            Err(Refusal::new(Code::BadHost, sentence))
        };
        if uri.authority().is_some() {
            return malformed("The request line names a host");
        }
        let mut hosts = headers.get_all(header::HOST).iter();
        match (hosts.next(), hosts.next()) {
            (None, _) => malformed("The Host header is missing"),
            (Some(_), Some(_)) => malformed("There are two Host headers"),
            (Some(host), None) if self.has(host.as_bytes()) => Ok(()),
            (Some(_), None) => Err(Refusal::foreign_host()),
        }
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        if origins.all(|origin| self.has_origin(origin.as_bytes())) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::BadOrigin,
            "Another site's page asked for this; open this server's own page instead.",
        ))
    }
}

fn check_site(request: &Parts) -> Result<(), Refusal> {
    let mut sites = request.headers.get_all("sec-fetch-site").iter();
    let own = sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    if own || is_page_navigation(request) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::BadOrigin,
        "The browser says that another site's page asked for this; open this server's own page instead.",
    ))
}

/// Whether a person follows a link to the page; a navigation hands nothing back to where it came from.
fn is_page_navigation(request: &Parts) -> bool {
    request.method == Method::GET
        && request.uri.path() == "/"
        && request
            .headers
            .get("sec-fetch-mode")
            .is_some_and(|mode| mode == "navigate")
}

#[cfg(test)]
mod tests {
    use hyper::{Request, header::HeaderValue};
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn parts(headers: &[(&'static str, Vec<u8>)]) -> Option<Parts> {
        let mut request = Request::builder().uri("/sessions");
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value).ok()?);
        }
        let (parts, ()) = request.body(()).ok()?.into_parts();
        Some(parts)
    }

    /// Pieces of names that are let in, and what could be taken for them.
    fn value() -> impl Strategy<Value = Vec<u8>> {
        let pieces = "127.0.0.1|localhost|LOCALHOST|[::1]|[::1|:|8421|80|http://|https://|null|box.lan|.|@|/|,| |\u{e9}|same-origin|none|cross-site";
        let piece = select(pieces.split('|').collect::<Vec<_>>());
        let built = vec(piece, 0..5).prop_map(|pieces| pieces.concat().into_bytes());
        let right = "127.0.0.1:8421|LocalHost:8421|box.lan:80|http://[::1]:8421|http://box.lan:80|none|same-origin";
        let right = select(right.split('|').collect::<Vec<_>>());
        let right = right.prop_map(|value| value.as_bytes().to_vec());
        prop_oneof![6 => right, 4 => built, 1 => vec(any::<u8>(), 0..30)]
    }

    proptest! {
        #[test]
        fn nobody_gets_in_under_a_name_that_is_not_ours(
            hosts in vec(value(), 1..3),
            origins in vec(value(), 0..2),
            sites in vec(value(), 0..2),
        ) {
            let allowed = AllowedHosts::new(8421, &["box.lan:80".to_owned()]);
            let names = ["127.0.0.1:8421", "localhost:8421", "[::1]:8421", "box.lan:80"];
            let all = [("host", &hosts), ("origin", &origins), ("sec-fetch-site", &sites)];
            let headers: Vec<_> = all
                .into_iter()
                .flat_map(|(name, values)| values.iter().map(move |value| (name, value.clone())))
                .collect();
            if let Some(parts) = parts(&headers) {
                let is_ours = |host: &[u8]| names.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(host));
                let fits = hosts.len() == 1
                    && is_ours(&hosts[0])
                    && origins.iter().all(|origin| {
                        names.iter().any(|name| format!("http://{name}").as_bytes() == origin)
                    })
                    && sites.iter().all(|site| matches!(site.as_slice(), b"same-origin" | b"none"));
                prop_assert_eq!(allowed.check(&parts).is_ok(), fits);
            }
        }
    }
}
