//! Authentication flavors: AUTH_NONE and AUTH_SYS, and where others plug in.

mod authenticator;
#[cfg(feature = "std")]
mod credential;
mod sys;

pub use self::authenticator::Authenticator;
#[cfg(feature = "std")]
pub use self::credential::Credential;
pub use self::sys::AuthSys;
pub use crate::proto::server::{Authenticated, Cred};
