//! The page, built into the program: five files, and headers that let it load nothing from anywhere else.
//! The client script it loads, `/socket.io/socket.io.min.js`, is the server's own.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::routing::get;

/// Path, type and content.
const FILES: [(&str, &str, &str); 5] = [
    ("/", "text/html; charset=utf-8", include_str!("../page/index.html")),
    ("/state.js", "text/javascript; charset=utf-8", include_str!("../page/state.js")),
    ("/view.js", "text/javascript; charset=utf-8", include_str!("../page/view.js")),
    ("/app.js", "text/javascript; charset=utf-8", include_str!("../page/app.js")),
    ("/style.css", "text/css; charset=utf-8", include_str!("../page/style.css")),
];

/// A second wall, should text ever reach the page as markup.
const POLICY: &str =
    "default-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of the page.
pub(crate) fn router() -> Router {
    FILES.iter().fold(Router::new(), |router, &(path, content_type, content)| {
        let headers = [
            (CONTENT_TYPE, content_type),
            (CACHE_CONTROL, "no-cache"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        router.route(path, get(async move || (headers, content)))
    })
}
