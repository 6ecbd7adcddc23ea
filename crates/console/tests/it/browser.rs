//! A browser that sends one request at a time and reads what comes back.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use cordon_console::router;
use cordon_model::record::Role;
use cordon_service::Caller;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::fake::{self, CSRF, FakeSite};

/// The console's own origin in all tests.
pub const ORIGIN: &str = "https://cordon.example:8443";

/// A browser, signed in or not.
pub struct Browser {
    router: Router,
    pub site: Arc<FakeSite>,
    caller: Option<Caller>,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Browser {
    /// Signed in with that role.
    pub fn signed_in(role: Role) -> Self {
        Browser::over(FakeSite::new(role), true)
    }

    /// Over that site.
    pub fn over(site: FakeSite, signed_in: bool) -> Self {
        let site = Arc::new(site);
        let caller = signed_in.then(|| fake::caller(site.role));
        Browser { router: router(site.clone()), site, caller }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// As one of our own pages posts a form, with the session's proof.
    pub async fn post(&self, path: &str, form: &str) -> Answer {
        self.post_from(path, &format!("csrf={CSRF}&{form}"), Some("same-origin"), Some(ORIGIN))
            .await
    }

    /// As some page posts a form.
    pub async fn post_from(
        &self,
        path: &str,
        form: &str,
        site: Option<&str>,
        origin: Option<&str>,
    ) -> Answer {
        let mut request =
            Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    pub async fn json(&self, path: &str, body: &serde_json::Value) -> Answer {
        let request =
            Request::post(path).header("content-type", "application/json").header("origin", ORIGIN);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(fake::visit(ORIGIN));
        request.extensions_mut().insert(self.caller.clone());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// Values of an attribute, such as `href`, as a browser reads them.
    pub fn attributes(&self, name: &str) -> Vec<String> {
        let mark = format!(" {name}=\"");
        self.body
            .split(&mark)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(|value| {
                value
                    .replace("&amp;", "&")
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&quot;", "\"")
            })
            .collect()
    }
}
