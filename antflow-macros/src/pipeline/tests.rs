use insta::assert_snapshot;
use proc_macro2::TokenStream;
use quote::quote;

use super::expand;
use crate::testing::{displaced, formatted, messages};

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

/// What an editor hands in while a pipeline is written.
#[test]
fn unfinished_code() {
    let expressions = [
        quote!(fetch >>),
        quote!(fetch.),
        quote!(fetch.wor >> save),
        quote!(fetch.workers() >> text::),
        quote!(fetch.workers(16).queue(0) >> save),
        quote!(>> fetch >> >> text::parse.workers(4) >> |page|),
    ];
    let mut report = String::new();
    for input in expressions {
        let text = input.to_string();
        report.push_str(&format!("// {text}\n{}\n", expression(input)));
    }
    let declarations = [
        quote!(pub Ingest),
        quote!(pub Ingest: Url =>),
        quote!(pub Ingest: Url => Row = fetch >>; Other: Url => Page = fetch;),
    ];
    for input in declarations {
        let text = input.to_string();
        report.push_str(&format!("// {text}\n{}\n", formatted(expand(input))));
    }
    assert_snapshot!(report);
}

#[test]
fn names_keep_their_places() {
    let lines = [
        "fetch.workers(16).queue(100)",
        ">> text::parse >> pass::<Row>",
        ">> (scaled) >> store",
    ];
    let names = [
        "fetch", "workers", "queue", "text", "parse", "pass", "Row", "scaled", "store",
    ];
    assert_eq!(
        displaced(&lines.join("\n"), &names, expand),
        Vec::<String>::new()
    );
    assert_eq!(
        displaced(
            &format!("{}\n>>", lines.join("\n")),
            &["fetch", "parse", "store"],
            expand
        ),
        Vec::<String>::new()
    );
    let declared = format!(
        "pub Ingest: Url => Stored =\n{};",
        lines.join("\n").replace("(scaled)", "scaled")
    );
    let names = [
        "Ingest", "Url", "Stored", "fetch", "workers", "parse", "Row", "scaled",
    ];
    assert_eq!(displaced(&declared, &names, expand), Vec::<String>::new());
}

#[test]
fn the_expansion_of_ten_stages_is_short() {
    let stages: Vec<_> = (0..10)
        .map(|index| quote::format_ident!("stage{index}"))
        .collect();
    let lines = expression(quote!(#(#stages.workers(4))>>*)).lines().count();
    assert!(lines < 50, "{lines} lines");
    let declared = expand(quote!(pub Ingest: Url => Row = #(#stages.workers(4))>>*;));
    let lines = formatted(declared).lines().count();
    assert!(lines < 200, "{lines} lines");
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
