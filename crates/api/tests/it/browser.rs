//! A browser: cookies, the headers that browsers add, one request at a time through the stack.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use cordon_api::http::Peer;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::world::{HOST, ORIGIN};

/// Somebody's browser, and the phone beside it.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    pub address: IpAddr,
    pub cookies: BTreeMap<String, String>,
    pub phone: Option<totp_rs::Totp>,
    pub name: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

impl Browser {
    pub fn new(router: Router, address: IpAddr) -> Self {
        let (cookies, phone, name) = (BTreeMap::new(), None, String::new());
        Browser { router, address, cookies, phone, name }
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// The session's token against forged requests, as pages carry it.
    pub fn csrf(&self) -> String {
        let secret = self.cookie("__Host-cordon").and_then(cordon_people::Secret::parse);
        secret.map(|secret| cordon_people::session::csrf(&secret)).unwrap_or_default()
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let answer = self.send(self.request("GET", path).body(Body::empty()).unwrap()).await;
        self.keep(&answer);
        answer
    }

    /// Posts a form from one of our own pages, with the session's token.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(form);
        let request = self
            .request("POST", path)
            .header("origin", ORIGIN)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(encoded(&all)))
            .unwrap();
        let answer = self.send(request).await;
        self.keep(&answer);
        answer
    }

    /// Asks the API with the session and its token.
    pub async fn api(&self, method: &str, path: &str, body: Option<&serde_json::Value>) -> Answer {
        let mut request = self.request(method, path).header("x-csrf", self.csrf());
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(ToString::to_string).unwrap_or_default();
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// A request with the browser's cookies and nothing else.
    pub fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header("host", HOST);
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.open(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// The answer without waiting for its body.
    pub async fn open(&self, mut request: Request<Body>) -> axum::response::Response {
        request.extensions_mut().insert(Peer::Remote(self.address));
        self.router.clone().oneshot(request).await.unwrap()
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Asks with an API token.
pub async fn bearer(
    browser: &Browser,
    token: &str,
    method: &str,
    path: &str,
    body: Option<&serde_json::Value>,
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", HOST)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body.map(ToString::to_string).unwrap_or_default()));
    browser.send(request.unwrap()).await
}

pub fn encoded(form: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => {
                    char::from(byte).to_string()
                }
                other => format!("%{other:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> =
        form.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
    pairs.join("&")
}
