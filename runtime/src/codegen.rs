//! What generated code calls. Nobody else should: it may change with the next version of the generator's output.

/// First version of the contract between generated code and the runtime.
pub mod v1 {
    pub use crate::Body;
    #[cfg(feature = "net")]
    pub use crate::client::{Channel, ClientStub, RpcError, Stub, blocking, call, call_with};
    pub use crate::interface::{Interface, ProcInfo};
    #[cfg(feature = "net")]
    pub use crate::server::{
        BlockingPool, BoxFuture, Context, Dispatch, Fault, argument, arguments, boxed,
        no_procedure, reply, result, results, void,
    };
    pub use crate::xdr::{
        At, Block, Decode, DecodeError, Decoded, Encode, List, Mode, Opaque, Quadruple, Reader,
        Writer, XdrString, declared, encoded, enumerator, field, get, get_array, get_opaque, len,
        number, part, part_mut, put, put_array, put_opaque, value,
    };
    pub use crate::{__implement as implement, __json as json, __member as member};
    pub use bytes::Bytes;
}

/// Implements for a generated type what the runtime's features ask for: nothing.
#[cfg(not(feature = "xdr-codec"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __implement {
    ($name:ty) => {};
}

/// Implements serde's traits for a generated type: without the feature, nothing.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __json {
    ($($form:tt)*) => {};
}
