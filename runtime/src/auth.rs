//! Authentication flavors: AUTH_NONE and AUTH_SYS.

mod sys;

pub use self::sys::AuthSys;
