//! Style sheet, script and icon: embedded, and served under names that change with the content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A file of the console.
struct Asset {
    path: String,
    mime: &'static str,
    content: &'static str,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        asset("css", "text/css; charset=utf-8", include_str!("assets/console.css")),
        asset("js", "text/javascript; charset=utf-8", include_str!("assets/console.js")),
        asset("svg", "image/svg+xml", include_str!("assets/icon.svg")),
    ]
});

/// Addresses of style sheet, script and icon.
pub(crate) fn paths() -> (&'static str, &'static str, &'static str) {
    let [css, js, icon] = &*ASSETS;
    (&css.path, &js.path, &icon.path)
}

/// Serves one of them; never changes under its name, so a browser may keep it for a year.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let found = ASSETS.iter().find(|asset| asset.path.strip_prefix("/assets/") == Some(&name));
    match found {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, HeaderValue::from_static(asset.mime)),
                (
                    header::CACHE_CONTROL,
                    HeaderValue::from_static("public, max-age=31536000, immutable"),
                ),
            ],
            asset.content,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn asset(extension: &'static str, mime: &'static str, content: &'static str) -> Asset {
    let hash = Sha256::digest(content.as_bytes());
    // 64 bits tell versions of one file apart
    let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Asset { path: format!("/assets/console-{hash}.{extension}"), mime, content }
}
