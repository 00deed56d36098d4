//! Who is answered, and what browsers may do with the answers.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    self, CACHE_CONTROL, HOST, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;

use super::api::refuse;

/// What is said of every answer.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// The names under which the dashboard is asked.
///
/// A web site can have its own name lead to this machine, and its scripts read what is answered here as if it came from
/// there. Names are the only way to do so: what a browser has asked by an address, it keeps apart from any site.
#[derive(Debug)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    pub(super) fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    fn allow(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        host.to_str().is_ok_and(|host| self.allow_name(host))
    }

    fn allow_name(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let address = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        address.unwrap_or(name).parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || self.0.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

pub(super) fn guarded(routes: Router, hosts: Hosts) -> Router {
    routes.layer(middleware::from_fn_with_state(Arc::new(hosts), guard))
}

async fn guard(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let mut response = if hosts.allow(request.headers()) {
        next.run(request).await
    } else {
        refuse(
            StatusCode::FORBIDDEN,
            "this host is not known here: ask by address, or have the name allowed with `allow_host`",
        )
    };
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'"));
    response
}

/// Whether the request brings this token. How long that takes does not tell how much of it is right.
pub(super) fn brings(headers: &HeaderMap, token: &str) -> bool {
    let brought = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, brought)) = brought else {
        return false;
    };
    let (brought, token) = (brought.trim().as_bytes(), token.as_bytes());
    let differences = brought
        .iter()
        .zip(token)
        .fold(0, |differences, (one, other)| differences | (one ^ other));
    !token.is_empty() && brought.len() == token.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_known_names_are_answered_and_no_others() {
        let hosts = Hosts::new(vec!["dash.example.org".to_owned()]);
        for host in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "[::1]:8080",
            "LOCALHOST:1",
            "dash.example.org",
        ] {
            assert!(hosts.allow_name(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:8080",
            "dash.example.org.evil.example",
            "127.0.0.1@evil.example",
            ":8080",
        ] {
            assert!(!hosts.allow_name(host), "{host}");
        }
    }

    #[test]
    fn a_token_is_the_whole_token() {
        let headers = |value: &'static str| {
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))])
        };
        assert!(brings(&headers("Bearer secret"), "secret"));
        assert!(brings(&headers("bearer secret"), "secret"));
        for wrong in [
            "Bearer",
            "Bearer ",
            "Bearer secre",
            "Bearer secrets",
            "Basic secret",
            "secret",
        ] {
            assert!(!brings(&headers(wrong), "secret"), "{wrong}");
        }
        assert!(!brings(&headers("Bearer "), ""));
        assert!(!brings(&HeaderMap::new(), ""));
    }
}
