//! Authentication flavors: AUTH_NONE and AUTH_SYS.

#[cfg(feature = "std")]
mod credential;
mod sys;

#[cfg(feature = "std")]
pub use self::credential::Credential;
pub use self::sys::AuthSys;
