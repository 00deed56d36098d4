//! `#[stage] struct Transform(validate, price, enrich);`

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Fields, ItemStruct, Path, Token, Type, Visibility};

use super::args::StageArgs;
use super::expand::impl_stage;
use super::impls::StageImpl;
use crate::errors::Errors;
use crate::handle::{Handle, Target, declare, of_list, scope};
use crate::signature::{Ends, Params, bare, crate_at};

/// The tasks, with an alias each: what is no type is then reported once.
struct Tasks<'a> {
    krate: &'a Path,
    written: Vec<Type>,
    aliases: Vec<Ident>,
}

pub(super) fn expand(args: &StageArgs, item: &TokenStream, mut errors: Errors) -> TokenStream {
    let parsed: ItemStruct = match syn::parse2(item.clone()) {
        Ok(parsed) => parsed,
        Err(error) => {
            errors.push(error);
            return match syn::parse2(item.clone()) {
                Ok(head) => unreadable(args, &head, &errors),
                Err(_) => quote!(#item #errors),
            };
        }
    };
    let ItemStruct {
        attrs, vis, ident, ..
    } = &parsed;
    let tasks = read(&parsed, &mut errors);
    let docs = tasks
        .as_ref()
        .map(|tasks| of_list(attrs, tasks, &args.written));
    let declared = declare(&quote!(#(#attrs)* #docs), vis, ident, &Params::default());
    match tasks {
        Some(tasks) => {
            let inside = Tasks::new(&args.krate, tasks).expand(args, ident);
            let scope = scope(attrs, &inside);
            quote!(#declared #errors #scope)
        }
        None => {
            let inside = without_tasks(args, ident, &errors);
            let scope = scope(attrs, &inside);
            quote!(#declared #scope)
        }
    }
}

/// The beginning of a list: what is known of one whose tasks cannot be read.
struct Head {
    attrs: Vec<Attribute>,
    vis: Visibility,
    ident: Ident,
}

impl Parse for Head {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        input.parse::<Token![struct]>()?;
        let ident = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok(Self { attrs, vis, ident })
    }
}

fn unreadable(args: &StageArgs, head: &Head, errors: &Errors) -> TokenStream {
    let Head { attrs, vis, ident } = head;
    let declared = declare(&quote!(#(#attrs)*), vis, ident, &Params::default());
    let scope = scope(attrs, &without_tasks(args, ident, errors));
    quote!(#declared #scope)
}

/// A stage whose own types are mistakes.
fn without_tasks(args: &StageArgs, name: &Ident, errors: &Errors) -> TokenStream {
    let krate = &args.krate;
    let handle = Handle {
        krate,
        name,
        params: Params::default(),
        shape: None,
    };
    let task = handle.impls("stage", &quote!(#krate::TaskConfig::new("")), None, errors);
    let stage = impl_stage(args, &handle);
    let import = &args.import;
    quote!(#import #task #stage)
}

/// The types of the fields, if they are tasks by their form.
fn read(item: &ItemStruct, errors: &mut Errors) -> Option<Vec<Type>> {
    let mut wrong = Errors::default();
    let name = &item.ident;
    if !item.generics.params.is_empty() {
        wrong.at(
            &item.generics,
            "a stage that lists tasks has no parameters of its own",
        );
    }
    let fields = match &item.fields {
        Fields::Unnamed(fields) => fields.unnamed.iter().collect(),
        Fields::Named(fields) => {
            let message =
                format!("a stage lists its tasks in parentheses: `struct {name}(first, second);`");
            wrong.at(fields, message);
            Vec::new()
        }
        Fields::Unit => Vec::new(),
    };
    if fields.is_empty() && wrong.is_empty() {
        let message = format!("a stage has at least one task: `struct {name}(first, second);`");
        wrong.at(name, message);
    }
    for field in &fields {
        if let Some(attr) = field.attrs.iter().find(|attr| !attr.path().is_ident("doc")) {
            wrong.at(
                attr,
                "a task in a list takes no attributes: write them on its function",
            );
        } else if !matches!(bare(&field.ty), Type::Path(_)) {
            wrong.at(&field.ty, "expected the name of a `#[task]` function");
        }
    }
    let tasks = wrong
        .is_empty()
        .then(|| fields.iter().map(|field| field.ty.clone()).collect());
    errors.append(wrong);
    tasks
}

impl<'a> Tasks<'a> {
    fn new(krate: &'a Path, written: Vec<Type>) -> Self {
        let aliases = written.iter().enumerate().map(|(index, ty)| {
            let mut alias = format_ident!("__Task{index}");
            alias.set_span(Ends::of(ty).end);
            alias
        });
        Self {
            krate,
            aliases: aliases.collect(),
            written,
        }
    }
}

impl Tasks<'_> {
    fn expand(&self, args: &StageArgs, name: &Ident) -> TokenStream {
        let krate = self.krate;
        let aliases = self.aliases.iter().zip(&self.written);
        let aliases = aliases.map(|(alias, written)| quote!(type #alias = #written;));
        let (first, last) = (&self.aliases[0], &self.aliases[self.aliases.len() - 1]);
        let input = quote!(<#first as #krate::Signature>::Input);
        let output = quote!(<#last as #krate::Signature>::Output);
        let target = Target {
            name,
            params: &Params::default(),
        };
        // A task that is more private than the stage is underlined where it is listed.
        let input_type = quote_spanned!(first.span()=> type Input = #input;);
        let output_type = quote_spanned!(last.span()=> type Output = #output;);
        let types = quote!(#input_type #output_type);
        let signature = target.implement(&quote!(#krate::Signature), &types);
        let accepts =
            target.implement_at(Ends::of(&self.written[0]), &quote!(#krate::Accepts<#input>));
        let names = self
            .aliases
            .iter()
            .map(|alias| quote!(#krate::__private::Outline::<#alias>::TASK));
        let stage = StageImpl {
            args,
            target,
            task_names: Some(quote!(#(#names),*)),
            state_predicates: self.state_predicates(),
            tasks: self.chain(args),
            lists_tasks: true,
        };
        let stage = stage.expand();
        let import = &args.import;
        quote! {
            #import
            #[allow(unused_imports)]
            use #krate::__private::NotOutlined as _;
            #(#aliases)* #signature #accepts #stage
        }
    }

    /// That everything listed is a task, and what the pipeline's state must be: that every task can be called with it.
    fn state_predicates(&self) -> TokenStream {
        let calls = self.aliases.iter().map(|alias| {
            let span = alias.span();
            let krate = crate_at(self.krate, span);
            quote_spanned! {span=>
                #alias: #krate::__private::Listed,
                #alias: #krate::__private::Call<__State>,
            }
        });
        calls.collect()
    }

    /// `tasks(validate).then(price)`, each value where the user wrote the task.
    fn chain(&self, args: &StageArgs) -> TokenStream {
        let krate = self.krate;
        let mut chain = TokenStream::new();
        for (index, alias) in self.aliases.iter().enumerate() {
            let span = alias.span();
            let krate = crate_at(krate, span);
            let value = quote_spanned!(span=> <#alias as ::core::default::Default>::default());
            chain = match (index, args.keeps_item(index)) {
                (0, false) => quote_spanned!(span=> #krate::__private::tasks(#value)),
                (0, true) => quote_spanned!(span=> #krate::__private::tasks_retried(#value)),
                (_, false) => quote_spanned!(span=> #chain.then(#value)),
                (_, true) => quote_spanned!(span=> #chain.then_retried(#value)),
            };
        }
        let import = (self.aliases.len() > 1).then(|| quote!(use #krate::__private::Then as _;));
        quote!(#import #chain)
    }
}
