//! What the programs here share: the interface, and handlers for it.

pub mod desk {
    //! Generated from `desk.x`.
    include!(concat!(env!("OUT_DIR"), "/desk.rs"));
}

use desk::desk_prog::{DeskV1, DeskV2};
use rpcgen_runtime::{Context, Fault, XdrString};
use std::time::Duration;

/// A program's result: the examples stop at the first error.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The desk, async.
#[derive(Clone, Copy, Debug)]
pub struct Desk;

impl DeskV1 for Desk {
    async fn ask(&self, _: &Context, question: XdrString) -> Result<XdrString, Fault> {
        Ok(question.to_string().to_uppercase().into())
    }

    async fn wait(&self, _: &Context, milliseconds: u32) -> Result<u32, Fault> {
        tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
        Ok(milliseconds)
    }

    async fn whoami(&self, cx: &Context) -> Result<XdrString, Fault> {
        Ok(format!("{:?} at {}", cx.cred(), cx.peer()).into())
    }
}

impl DeskV2 for Desk {
    async fn ask(&self, _: &Context, question: XdrString) -> Result<XdrString, Fault> {
        let backwards: String = question.to_string().chars().rev().collect();
        Ok(backwards.into())
    }
}
