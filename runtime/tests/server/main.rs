//! The server on real sockets: connections that end in every way, datagrams, middleware, credentials, start and stop.
//! Numbers in names are those of the catalogue of hostile inputs.

mod auth;
mod bindings;
mod datagrams;
mod features;
mod gone;
mod layers;
mod life;
mod registration;
mod streams;
mod support;
mod turns;
