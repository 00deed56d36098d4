use antflow::dashboard::web::WebDashboard;
use antflow::{pipeline, stage};
use antflow_tests::Request;

use crate::serve;

#[stage]
async fn double(number: u32) -> u32 {
    number * 2
}

#[tokio::test]
async fn requests_to_another_host_are_refused_whatever_they_ask_for() {
    let run = pipeline!(double).start().unwrap();
    let control = run.control();
    let dashboard = WebDashboard::new(run.view())
        .control(control, "secret")
        .allow_host("dash.example.org");
    let server = serve(dashboard).await;
    let addr = server.local_addr();
    for path in [
        "/",
        "/api/snapshot",
        "/api/events",
        "/api/items/1",
        "/api/workers",
        "/nothing",
    ] {
        for host in [Some("evil.example"), Some("evil.example:80"), None] {
            let answer = Request::get(addr, path).host(host).send().await.unwrap();
            assert_eq!(answer.status, 403, "{path} {host:?}");
        }
    }
    let steer =
        Request::post(addr, "/api/control/pause", "").header("Authorization", "Bearer secret");
    assert_eq!(
        steer
            .host(Some("evil.example"))
            .send()
            .await
            .unwrap()
            .status,
        403
    );
    let twice = Request::get(addr, "/").header("Host", "evil.example");
    assert_ne!(twice.send().await.unwrap().status, 200);
    for host in [
        "localhost:1234",
        "127.0.0.1",
        "[::1]:80",
        "DASH.example.org:443",
    ] {
        let answer = Request::get(addr, "/")
            .host(Some(host))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status, 200, "{host}");
    }
}

#[tokio::test]
async fn the_page_may_load_nothing_from_elsewhere_and_is_shown_in_no_other() {
    let run = pipeline!(double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    let page = Request::get(server.local_addr(), "/").send().await.unwrap();
    assert_eq!(page.status, 200);
    let head = page.head.to_lowercase();
    let nonce = head
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert!(
        head.contains("default-src 'none'") && head.contains("frame-ancestors 'none'"),
        "{head}"
    );
    assert!(!head.contains("unsafe"), "{head}");
    assert!(
        head.contains("cache-control: no-store") && head.contains("nosniff"),
        "{head}"
    );
    assert!(
        page.body.contains(&format!("<script nonce=\"{nonce}\">")),
        "{head}"
    );
    let elsewhere = page.body.replace("http://www.w3.org/2000/svg", "");
    assert!(
        !elsewhere.contains("http:")
            && !elsewhere.contains("https:")
            && !elsewhere.contains("src=\"")
    );
    let again = Request::get(server.local_addr(), "/").send().await.unwrap();
    assert!(!again.head.contains(nonce));
}
