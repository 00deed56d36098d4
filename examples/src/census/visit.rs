//! The walk over a syntax tree that collects the facts of an [`Outline`].

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, ExprUnsafe, ForeignItem, Ident, ImplItem, ImplItemFn, Item, ItemFn,
    ItemForeignMod, ItemImpl, ItemTrait, Meta, Safety, Signature, TraitItemFn, Visibility,
};

use super::{Function, Outline, PublicItem};

/// Fills `outline` with the facts of `file`.
pub(super) fn collect(file: &syn::File, outline: &mut Outline) {
    Collector { outline }.visit_file(file);
}

struct Collector<'a> {
    outline: &'a mut Outline,
}

impl Collector<'_> {
    fn function(&mut self, signature: &Signature, body: &Block) {
        self.outline.functions.push(Function {
            name: signature.ident.to_string(),
            first_line: line(signature.fn_token.span),
            last_line: line(body.brace_token.span.close()),
            is_unsafe: matches!(signature.safety, Safety::Unsafe(_)),
        });
    }

    fn item(&mut self, visibility: &Visibility, attributes: &[Attribute], name: &Ident) {
        if matches!(visibility, Visibility::Public(_)) {
            self.public(attributes, name);
        }
    }

    fn public(&mut self, attributes: &[Attribute], name: &Ident) {
        if !attributes.iter().any(is_doc_hidden) {
            self.outline.public_items.push(PublicItem {
                name: name.to_string(),
                line: line(name.span()),
                is_documented: attributes.iter().any(is_doc_text),
            });
        }
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Const(it) => self.item(&it.vis, &it.attrs, &it.ident),
            Item::Enum(it) => self.item(&it.vis, &it.attrs, &it.ident),
            Item::Fn(it) => self.item(&it.vis, &it.attrs, &it.sig.ident),
            Item::Mod(it) if it.content.is_some() => self.item(&it.vis, &it.attrs, &it.ident),
            Item::Static(it) => self.item(&it.vis, &it.attrs, &it.ident),
            Item::Struct(it) => self.item(&it.vis, &it.attrs, &it.ident),
            Item::Trait(it) => self.item(&it.vis, &it.attrs, &it.ident),
            Item::TraitAlias(it) => self.item(&it.vis, &it.attrs, &it.ident),
            Item::Type(it) => self.item(&it.vis, &it.attrs, &it.ident),
            Item::Union(it) => self.item(&it.vis, &it.attrs, &it.ident),
            Item::Macro(it) if it.attrs.iter().any(|at| at.path().is_ident("macro_export")) => {
                if let Some(name) = &it.ident {
                    self.public(&it.attrs, name);
                }
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Const(it) => self.item(&it.vis, &it.attrs, &it.ident),
            ImplItem::Fn(it) => self.item(&it.vis, &it.attrs, &it.sig.ident),
            ImplItem::Type(it) => self.item(&it.vis, &it.attrs, &it.ident),
            _ => {}
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_foreign_item(&mut self, item: &'ast ForeignItem) {
        match item {
            ForeignItem::Fn(it) => self.item(&it.vis, &it.attrs, &it.sig.ident),
            ForeignItem::Static(it) => self.item(&it.vis, &it.attrs, &it.ident),
            ForeignItem::Type(it) => self.item(&it.vis, &it.attrs, &it.ident),
            _ => {}
        }
        visit::visit_foreign_item(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        if matches!(signature.safety, Safety::Unsafe(_)) {
            self.outline.unsafe_uses.functions += 1;
        }
        visit::visit_signature(self, signature);
    }

    fn visit_expr_unsafe(&mut self, expression: &'ast ExprUnsafe) {
        self.outline.unsafe_uses.blocks += 1;
        visit::visit_expr_unsafe(self, expression);
    }

    fn visit_item_foreign_mod(&mut self, item: &'ast ItemForeignMod) {
        self.outline.unsafe_uses.blocks += usize::from(item.unsafety.is_some());
        visit::visit_item_foreign_mod(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        self.outline.unsafe_uses.impls += usize::from(item.unsafety.is_some());
        visit::visit_item_impl(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.outline.unsafe_uses.traits += usize::from(item.unsafety.is_some());
        visit::visit_item_trait(self, item);
    }
}

fn line(span: Span) -> usize {
    span.start().line
}

/// `/// text` and `#[doc = ..]` are the same attribute to the parser.
fn is_doc_text(attribute: &Attribute) -> bool {
    matches!(&attribute.meta, Meta::NameValue(it) if it.path.is_ident("doc"))
}

fn is_doc_hidden(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    let mut tokens = list.tokens.clone().into_iter();
    list.path.is_ident("doc") && tokens.any(|token| token.to_string() == "hidden")
}
