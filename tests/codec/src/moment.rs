//! A type of our own in the place of one of the interface file's.

use rpcgen_runtime::{Decode, DecodeError, Encode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time of day: seconds on the wire, `"12:30:05"` as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Moment(pub u32);

impl Encode for Moment {
    fn encode(&self, w: &mut rpcgen_runtime::xdr::Writer) {
        self.0.encode(w);
    }

    fn encoded_len(&self) -> usize {
        4
    }
}

impl<'a> Decode<'a> for Moment {
    const MIN: usize = 4;

    fn decode(r: &mut rpcgen_runtime::xdr::Reader<'a>) -> Result<Self, DecodeError> {
        u32::decode(r).map(Self)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (minutes, seconds) = (self.0 / 60, self.0 % 60);
        s.collect_str(&format_args!(
            "{:02}:{:02}:{seconds:02}",
            minutes / 60,
            minutes % 60
        ))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let mut parts = text.split(':').map(|part| part.parse::<u32>().ok());
        let sum = parts.try_fold(0, |sum, part| Some(sum * 60 + part?));
        sum.map(Self)
            .ok_or_else(|| D::Error::custom("no time of day"))
    }
}

rpcgen_runtime::json_by_serde!(Moment);
