use insta::assert_snapshot;
use proc_macro2::TokenStream;
use quote::quote;

use super::expand;
use crate::testing::{displaced, formatted, messages};

#[test]
fn variants() {
    let input = quote! {
        pub enum Document {
            Html(Page),
            Table(Vec<Row>, usize),
            Empty,
        }
    };
    assert_snapshot!(formatted(expand(input)));
}

#[test]
fn generic() {
    let input = quote! {
        #[route(crate = flow)]
        enum Either<L, R: Clone = L, const N: usize = 1> where L: Copy {
            Left(L),
            Right([R; N]),
        }
    };
    assert_snapshot!(formatted(expand(input)));
}

#[test]
fn a_mistake_still_implements_the_trait() {
    assert_snapshot!(formatted(expand(quote!(
        struct Page(String);
    ))));
}

#[test]
fn types_keep_their_places() {
    let source = "enum Document<T> {\nHtml(Page),\nTable(Vec<T>, Row),\n}";
    let names = ["Document", "Html", "Page", "Table", "Vec", "T", "Row"];
    assert_eq!(displaced(source, &names, expand), Vec::<String>::new());
}

#[test]
fn mistakes() {
    let inputs: [TokenStream; 11] = [
        quote!(
            struct Page(String);
        ),
        quote!(
            union Page {
                a: u8,
            }
        ),
        quote!(
            fn page() {}
        ),
        quote!(
            enum Document {}
        ),
        quote!(
            enum Document<'a> {
                Html(&'a str),
            }
        ),
        quote!(
            enum Document {
                Html { page: Page, row: Row },
                Pdf(Pdf),
            }
        ),
        quote!(
            enum Document {
                #[route(skip)]
                Html(Page),
            }
        ),
        quote!(
            #[route]
            enum Document {
                Html(Page),
            }
        ),
        quote!(
            #[route(krate = flow)]
            enum Document {
                Html(Page),
            }
        ),
        quote!(
            #[route(crate = 5)]
            enum Document {
                Html(Page),
            }
        ),
        quote!(enum Document { Html(Page) Pdf }),
    ];
    let report = inputs.map(|input| {
        let text = input.to_string();
        format!("{text}\n    {}\n", messages(&expand(input)).join("\n    "))
    });
    assert_snapshot!(report.concat());
}
