//! Serves the console over made-up data on this machine, with everybody signed in as an admin:
//! to look at pages while they are made.
//!
//! `cargo run -p cordon-console --example serve_fake [PORT] [ROLE|empty]`

#[path = "../tests/it/fake/mod.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "made-up data, shared with the tests")]
mod fake;

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use cordon_model::record::Role;
use cordon_service::{Caller, Tick};

use fake::FakeSite;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().map_or(Ok(8080), |port| port.parse())?;
    let (role, site) = match arguments.next().as_deref() {
        Some("viewer") => (Role::Viewer, FakeSite::new(Role::Viewer)),
        Some("operator") => (Role::Operator, FakeSite::new(Role::Operator)),
        Some("empty") => (Role::Admin, FakeSite::empty()),
        _ => (Role::Admin, FakeSite::new(Role::Admin)),
    };
    let ticks = site.ticks.clone();
    tokio::spawn(async move {
        for number in 0_u64.. {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            let packets = crate_count(48_120_331 + number * 20_000);
            let tick = Tick { number, topics: vec![], numbers: vec![("packets".into(), packets)] };
            // nobody may be looking
            let _ = ticks.send(tick);
        }
    });
    let origin = format!("http://127.0.0.1:{port}");
    let visit = fake::visit(&origin);
    let app = cordon_console::router(Arc::new(site)).layer(from_fn(
        move |mut request: Request, next: Next| {
            request.extensions_mut().insert(visit.clone());
            let signed_in: Option<Caller> = Some(fake::caller(role));
            request.extensions_mut().insert(signed_in);
            next.run(request)
        },
    ));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app).await?;
    Ok(())
}

fn crate_count(number: u64) -> String {
    format!("{},{:03},{:03}", number / 1_000_000, number / 1000 % 1000, number % 1000)
}
