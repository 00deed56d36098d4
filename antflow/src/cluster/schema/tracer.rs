use serde::de::value::Error;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::enums::Variant;

/// Types within types are looked into so deeply: a type that contains itself has no end.
const DEPTH: usize = 8;
/// No description is longer, whatever the types do.
const LONGEST: usize = 1 << 16;

/// What a type asked for.
#[derive(Debug)]
pub(super) struct Trace {
    text: String,
    /// Which time it is that the type is read: enums are given this variant, or their last one, and the fields of structs
    /// begin with this one.
    pub(super) pass: usize,
    most_variants: usize,
    most_fields: usize,
}

impl Trace {
    pub(super) fn new(pass: usize) -> Self {
        Self {
            text: String::new(),
            pass,
            most_variants: 1,
            most_fields: 1,
        }
    }

    pub(super) fn note(&mut self, word: &str) {
        if self.text.len() < LONGEST {
            self.text.push_str(word);
            self.text.push(' ');
        }
    }

    pub(super) fn note_all(&mut self, kind: &str, name: &str, parts: &[&str]) {
        self.note(kind);
        self.note(name);
        self.note("{");
        for part in parts {
            self.note(part);
        }
        self.note("}");
    }

    /// How many variants the largest enum has.
    pub(super) fn most_variants(&self) -> usize {
        self.most_variants
    }

    /// How many fields the largest struct has.
    pub(super) fn most_fields(&self) -> usize {
        self.most_fields
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// Reads a type of nothing.
#[derive(Debug)]
pub(super) struct Tracer<'t> {
    pub(super) trace: &'t mut Trace,
    pub(super) depth: usize,
}

impl<'t> Tracer<'t> {
    pub(super) fn new(trace: &'t mut Trace) -> Self {
        Self { trace, depth: 0 }
    }

    pub(super) fn within(&mut self) -> Tracer<'_> {
        Tracer {
            trace: self.trace,
            depth: self.depth + 1,
        }
    }

    fn is_deep(&self) -> bool {
        self.depth >= DEPTH || self.trace.text.len() >= LONGEST
    }

    /// So many elements, of which there is always one where any number will do, unless it is deep.
    pub(super) fn elements(self, count: Option<usize>) -> Elements<'t> {
        let left = count.unwrap_or(usize::from(!self.is_deep()));
        Elements {
            tracer: self,
            left,
            fields: None,
        }
    }
}

/// Numbers, texts and the like: one of each.
macro_rules! simple {
    ($($method:ident $word:literal $visit:ident($($value:expr)?);)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.trace.note($word);
            visitor.$visit($($value)?)
        }
    )+};
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Error;

    simple! {
        deserialize_any "any" visit_unit();
        deserialize_bool "bool" visit_bool(false);
        deserialize_i8 "i8" visit_i8(0);
        deserialize_i16 "i16" visit_i16(0);
        deserialize_i32 "i32" visit_i32(0);
        deserialize_i64 "i64" visit_i64(0);
        deserialize_i128 "i128" visit_i128(0);
        deserialize_u8 "u8" visit_u8(0);
        deserialize_u16 "u16" visit_u16(0);
        deserialize_u32 "u32" visit_u32(0);
        deserialize_u64 "u64" visit_u64(0);
        deserialize_u128 "u128" visit_u128(0);
        deserialize_f32 "f32" visit_f32(0.0);
        deserialize_f64 "f64" visit_f64(0.0);
        deserialize_char "char" visit_char('a');
        deserialize_str "text" visit_borrowed_str("");
        deserialize_string "text" visit_string(String::new());
        deserialize_bytes "bytes" visit_borrowed_bytes(&[]);
        deserialize_byte_buf "bytes" visit_byte_buf(Vec::new());
        deserialize_unit "unit" visit_unit();
        deserialize_identifier "name" visit_borrowed_str("");
        deserialize_ignored_any "ignored" visit_unit();
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        self.trace.note("option");
        if self.is_deep() {
            return visitor.visit_none();
        }
        visitor.visit_some(self.within())
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.trace.note(name);
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.trace.note(name);
        visitor.visit_newtype_struct(self.within())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.trace.note("list");
        visitor.visit_seq(self.elements(None))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.trace.note(&format!("tuple of {len}"));
        visitor.visit_seq(self.elements(Some(len)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.trace.note(&format!("{name} of {len}"));
        visitor.visit_seq(self.elements(Some(len)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.trace.note("map");
        visitor.visit_map(self.elements(None))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.trace.note_all("struct", name, fields);
        self.trace.most_fields = self.trace.most_fields.max(fields.len());
        visitor.visit_map(Elements {
            left: fields.len(),
            tracer: self,
            fields: Some(fields),
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.trace.note_all("enum", name, variants);
        if self.is_deep() {
            return Err(Error::custom("it contains itself"));
        }
        self.trace.most_variants = self.trace.most_variants.max(variants.len());
        visitor.visit_enum(Variant::new(self, variants))
    }
}

/// Elements of a list, entries of a map, or the fields of a struct.
#[derive(Debug)]
pub(super) struct Elements<'t> {
    tracer: Tracer<'t>,
    left: usize,
    fields: Option<&'static [&'static str]>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(self.tracer.within()).map(Some)
    }
}

impl<'de> MapAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        match self.fields {
            Some(fields) => {
                let place = fields.len() - self.left + self.tracer.trace.pass;
                let field = fields[place % fields.len()];
                self.left = left;
                self.tracer.trace.note(field);
                seed.deserialize(Name(field)).map(Some)
            }
            None => {
                self.left = left;
                seed.deserialize(self.tracer.within()).map(Some)
            }
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.tracer.within())
    }
}

/// The name of a field or of a variant.
#[derive(Debug)]
pub(super) struct Name(pub(super) &'static str);

impl<'de> Deserializer<'de> for Name {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
