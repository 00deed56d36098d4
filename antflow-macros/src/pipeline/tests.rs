use insta::assert_snapshot;
use proc_macro2::TokenStream;
use quote::quote;

use super::expand;
use crate::testing::{formatted, messages};

fn expression(input: TokenStream) -> String {
    let expansion = expand(input);
    formatted(quote!(fn pipeline() { #expansion }))
}

#[test]
fn chain() {
    let input = quote!(
        fetch.workers(16).queue(100) >> text::parse >> pass::<Vec<Row>> >> (scaled) >> make(3)
    );
    assert_snapshot!(expression(input));
}

#[test]
fn chain_without_overrides() {
    assert_snapshot!(expression(quote!(fetch >> parse)));
}

#[test]
fn declared() {
    let input = quote! {
        crate = flow;
        /// Takes pages in.
        pub(crate) Ingest: Url => RowId = fetch.workers(4) >> save;
    };
    assert_snapshot!(formatted(expand(input)));
}

#[test]
fn mistakes() {
    let inputs = [
        quote!(),
        quote!(fetch >>),
        quote!(>> fetch),
        quote!(fetch >> >> save),
        quote!(fetch >> save >>),
        quote!(fetch.),
        quote!(fetch save),
        quote!(fetch | save),
        quote!(fetch -> save),
        quote!(fetch => save),
        quote!(fetch, save),
        quote!(fetch,),
        quote!(fetch;),
        quote!(fetch > save),
        quote!(fetch >>= save),
        quote!(fetch..save),
        quote!(!fetch),
        quote!(&fetch >> save),
        quote!(fetch as Save),
        quote!("fetch" >> 5),
        quote!(fetch >> |page| page),
        quote!(fetch >> (parse >> save)),
        quote!(fetch.workers(0) >> save.attempts(0).queue(-1)),
        quote!(Ingest: Url = fetch),
        quote!(pub Ingest),
        quote!(Ingest: Url => Row = fetch >>),
        quote!(Ingest: Url => Row = ),
        quote!(Ingest: Url => Row = fetch >> (value) >> other()),
        quote!(Ingest: Url => Row = fetch, save),
    ];
    let report = inputs.map(|input| {
        let text = input.to_string();
        format!("{text}\n    {}\n", messages(&expand(input)).join("\n    "))
    });
    assert_snapshot!(report.concat());
}
