//! The browser client that the server brings along: the eight files of the official one, told apart by name, kept by
//! browsers as long as their tag is current, under the same rules for origins as everything else.

use crate::client::{Host, Mount, UPGRADE, echo, echo_with};
use sockeye::{Cors, Server};

const SCRIPTS: [&str; 4] =
    ["socket.io.js", "socket.io.min.js", "socket.io.msgpack.min.js", "socket.io.esm.min.js"];

#[tokio::test]
async fn the_eight_official_files_are_served_under_every_mount() {
    for mount in Mount::ALL {
        let host = Host::mount(echo(), mount).await;
        for script in SCRIPTS {
            for (name, kind) in [
                (script.to_owned(), "application/javascript; charset=utf-8"),
                (format!("{script}.map"), "application/json; charset=utf-8"),
            ] {
                let file = host.http().await.get(&format!("/socket.io/{name}")).await;
                assert_eq!((file.status, file.header("content-type")), (200, Some(kind)), "{mount:?} {name}");
                assert_eq!(file.header("cache-control"), Some("public, max-age=0"), "{name}");
                let tag = file.header("etag").unwrap();
                assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
                assert!(file.body.len() > 10_000, "{name}");
                if name.ends_with(".js") && name != "socket.io.js" {
                    assert!(file.body.contains(&format!("sourceMappingURL={name}.map")), "{name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn nothing_else_is_a_file() {
    let host = Host::start(echo()).await;
    for name in [
        "socket.io.msgpack.js",
        "socket.io.esm.js",
        "socket.io.mjs",
        "socket.io.js.mapx",
        "SOCKET.IO.JS",
        "index.d.ts",
        "../Cargo.toml",
        "%2e%2e/Cargo.toml",
        "//socket.io.js",
        "socket.io.js/",
    ] {
        let answer = host.http().await.get(&format!("/socket.io/{name}")).await;
        answer.is(400, r#"{"code":0,"message":"Transport unknown"}"#);
    }
    let host = Host::start(echo_with(Server::builder().serve_client(false))).await;
    assert_eq!(host.http().await.get("/socket.io/socket.io.js").await.status, 400);
    let host = Host::start(echo_with(Server::builder().path("/chat"))).await;
    assert_eq!(host.http().await.get("/chat/socket.io.js?v=1").await.status, 200);
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let host = Host::start(echo()).await;
    let mut http = host.http().await;
    let path = "/socket.io/socket.io.min.js";
    let tag = http.get(path).await.header("etag").unwrap().to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"old\", {tag}"), "*".to_owned()] {
        let answer = http.request("GET", path, &[("If-None-Match", &known)], b"").await;
        answer.is(304, "");
        assert_eq!(answer.header("etag"), Some(tag.as_str()), "{known}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=0"));
    }
    for other in ["\"old\"", "", &tag[1..]] {
        let answer = http.request("GET", path, &[("If-None-Match", other)], b"").await;
        assert_eq!(answer.status, 200, "{other}");
    }
}

#[tokio::test]
async fn a_file_can_be_got_and_nothing_else() {
    let host = Host::start(echo()).await;
    for method in ["POST", "PUT", "DELETE"] {
        let answer = host.http().await.request(method, "/socket.io/socket.io.js", &[], b"").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    let answer = host.http().await.request("GET", "/socket.io/socket.io.js", &UPGRADE, b"").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn files_follow_the_rules_for_origins() {
    let cors = Cors::from(["http://pages.example"]).credentials();
    let host = Host::start(echo_with(Server::builder().cors(cors))).await;
    let ask = async |method: &str, origin: &str| {
        host.http().await.request(method, "/socket.io/socket.io.js", &[("Origin", origin)], b"").await
    };
    let file = ask("GET", "http://pages.example").await;
    assert_eq!(
        (file.status, file.header("access-control-allow-origin")),
        (200, Some("http://pages.example"))
    );
    assert_eq!(file.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(ask("GET", "http://evil.example").await.status, 403);
    let preflight = ask("OPTIONS", "http://pages.example").await;
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-origin")),
        (204, Some("http://pages.example"))
    );
    // A cache must not give one page the answer for another.
    let nobody = host.http().await.get("/socket.io/socket.io.js").await;
    assert!(nobody.headers.contains(&("vary".to_owned(), "Origin".to_owned())), "{:?}", nobody.headers);
}
