//! Every view of a result, as people and machines get it.

mod fixture;
mod html;
mod markdown;
mod schema;
mod terminal;
