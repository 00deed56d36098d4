//! The page: one file of HTML with its style and script, all of it part of the program.

use std::hash::{BuildHasher, RandomState};

use axum::Router;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

const PAGE: &str = include_str!("index.html");
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 4] = [
    include_str!("dom.js"),
    include_str!("stages.js"),
    include_str!("tables.js"),
    include_str!("main.js"),
];

pub(super) fn routes() -> Router {
    Router::new().route("/", get(page))
}

/// Style and script are in the page, so that it does not matter at which path it is. Only what carries the number that
/// was made for this answer is run; nothing is loaded from elsewhere.
async fn page() -> impl IntoResponse {
    let nonce = format!("{:016x}", RandomState::new().hash_one("nonce"));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let page = PAGE
        .replace("{nonce}", &nonce)
        .replace("{style}", STYLE)
        .replace("{script}", &SCRIPTS.concat());
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page))
}
