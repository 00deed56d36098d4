use serde::de::value::Error;
use serde::de::{DeserializeSeed, Deserializer as _, EnumAccess, VariantAccess, Visitor};

use super::tracer::{Name, Tracer};

/// One variant of an enum.
#[derive(Debug)]
pub(super) struct Variant<'t> {
    tracer: Tracer<'t>,
    variants: &'static [&'static str],
}

impl<'t> Variant<'t> {
    pub(super) fn new(tracer: Tracer<'t>, variants: &'static [&'static str]) -> Self {
        Self { tracer, variants }
    }
}

impl<'de, 't> EnumAccess<'de> for Variant<'t> {
    type Error = Error;
    type Variant = Content<'t>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'t>), Error> {
        let last = self.variants.len().saturating_sub(1);
        let name = self.variants.get(self.tracer.trace.pass.min(last));
        let value = seed.deserialize(Name(name.copied().unwrap_or_default()))?;
        Ok((value, Content(self.tracer)))
    }
}

/// What a variant holds.
#[derive(Debug)]
pub(super) struct Content<'t>(Tracer<'t>);

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.0.trace.note("unit");
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.0.within())
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.0.within().deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.within().deserialize_struct("", fields, visitor)
    }
}
