//! How do items of different kinds go different ways?

use antflow::{BoxError, Route, pipeline, stage};

#[derive(Route)]
enum Mail {
    Order(Vec<&'static str>),
    Question(&'static str),
    Spam,
}

#[stage(workers = 2)]
async fn read(mail: &'static str) -> Mail {
    match mail.split_once(": ") {
        Some(("order", goods)) => Mail::Order(goods.split(", ").collect()),
        Some(("question", text)) => Mail::Question(text),
        _ => Mail::Spam,
    }
}

#[stage]
async fn price(goods: Vec<&'static str>) -> Result<String, BoxError> {
    if goods.contains(&"unicorn") {
        return Err("sold out".into());
    }
    Ok(format!("that is {} euros", goods.len() * 5))
}

#[stage]
async fn answer(question: &'static str) -> String {
    format!("about {question}: yes")
}

#[stage]
async fn regret(_: ()) -> String {
    "a word of regret".to_owned()
}

#[stage]
async fn send(letter: String) -> String {
    format!("sent: {letter}")
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let office = pipeline!(
        read >> { Order => price, Question => answer, Spam => regret } >> send
    );
    let mails = [
        "order: rope, tent",
        "question: delivery",
        "order: unicorn",
        "win a million",
    ];
    for result in office.run(mails).await? {
        match result.value {
            Ok(letter) => println!("{}: {letter}", result.id),
            Err(error) => println!("{}: {error}", result.id),
        }
    }
    Ok(())
}
