//! The description itself: as JSON for programs, as a page for people.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use cordon_report::words::coded;
use maud::{DOCTYPE, Markup, html};
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use super::AnySite;

const STYLE: &str = include_str!("docs.css");

pub(super) fn router(json: String, api: &OpenApi) -> Router<AnySite> {
    let json: Arc<str> = json.into();
    let page: Arc<str> = page(api).into_string().into();
    Router::new()
        .route(
            "/api/openapi.json",
            get(move || async move {
                ([(header::CONTENT_TYPE, "application/json")], json.to_string()).into_response()
            }),
        )
        .route(
            "/api/docs",
            get(move || async move {
                ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.to_string())
                    .into_response()
            }),
        )
        .route("/api/docs.css", get(|| async { ([(header::CONTENT_TYPE, "text/css")], STYLE) }))
}

fn page(api: &OpenApi) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "cordon API" }
                link rel="stylesheet" href="/api/docs.css";
                link rel="icon" href="data:,";
            }
            body {
                main {
                    h1 { "cordon API" }
                    @for paragraph in api.info.description.iter().flat_map(|text| text.split("\n\n")) {
                        p { (words(paragraph)) }
                    }
                    p { a href="/api/openapi.json" { "OpenAPI 3.1 description" } " · " a href="/" { "Console" } }
                    @for (path, item) in &api.paths.paths {
                        @for (method, operation) in operations(item) {
                            (entry(method, path, operation))
                        }
                    }
                }
            }
        }
    }
}

fn operations(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PATCH", &item.patch),
        ("PUT", &item.put),
        ("DELETE", &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
    .collect()
}

fn entry(method: &str, path: &str, operation: &Operation) -> Markup {
    let id = operation.operation_id.clone().unwrap_or_default();
    html! {
        section id=(id) {
            h2 { code { (method) " " (path) } }
            @if let Some(summary) = &operation.summary { p { strong { (words(summary)) } } }
            @if let Some(description) = &operation.description { p { (words(description)) } }
            @if let Some(parameters) = &operation.parameters {
                @if !parameters.is_empty() {
                    table {
                        caption { "Parameters" }
                        thead { tr { th scope="col" { "Name" } th scope="col" { "What it is" } } }
                        tbody {
                            @for parameter in parameters.iter().filter_map(told) {
                                tr {
                                    th scope="row" { code { (parameter.name) } }
                                    td { (words(parameter.description.as_deref().unwrap_or("part of the path"))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A description with what is code in it.
fn words(text: &str) -> Markup {
    html! { @for (code, piece) in coded(text) { @if code { code { (piece) } } @else { (piece) } } }
}

/// Parameters are written where they are used; a reference would be to nothing.
fn told(parameter: &RefOr<Parameter>) -> Option<&Parameter> {
    match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mark_is_left_over_on_the_page() {
        let api = super::super::openapi();
        let page = page(&api).into_string();
        assert!(!page.contains('`') && page.contains("<code>Authorization: Bearer …</code>"));
    }
}
