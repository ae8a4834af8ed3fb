//! Values that middleware hands to handlers, one of each type.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

/// A set of values, at most one of each type.
///
/// An interceptor or a layer puts in who was authenticated, say, and the handler takes it out. There are few of them,
/// so looking one up is a walk; an empty set costs nothing. Clones share the values.
#[derive(Clone, Default)]
pub struct Extensions(Option<Box<Values>>);

type Values = Vec<(TypeId, Arc<dyn Any + Send + Sync>)>;

impl Extensions {
    /// Puts a value in, in place of an earlier one of its type.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.remove::<T>();
        let values = self.0.get_or_insert_default();
        values.push((TypeId::of::<T>(), Arc::new(value)));
    }

    /// The value of this type.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        let mut values = self.0.as_deref()?.iter();
        let (_, value) = values.find(|(id, _)| *id == TypeId::of::<T>())?;
        value.downcast_ref()
    }

    /// Takes the value of this type out.
    pub fn remove<T: Send + Sync + 'static>(&mut self) {
        if let Some(values) = &mut self.0 {
            values.retain(|(id, _)| *id != TypeId::of::<T>());
        }
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.0.as_deref().map_or(0, Vec::len);
        write!(f, "Extensions({values} values)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_of_each_type() {
        let mut extensions = Extensions::default();
        extensions.insert(1u32);
        extensions.insert("text");
        extensions.insert(2u32);
        assert_eq!(extensions.get::<u32>(), Some(&2));
        assert_eq!(extensions.get::<&str>(), Some(&"text"));
        extensions.remove::<u32>();
        assert_eq!(extensions.get::<u32>(), None);
    }
}
