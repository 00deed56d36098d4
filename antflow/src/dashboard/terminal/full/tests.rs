use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Rect;

use super::super::draw::Look;
use super::super::draw::tests::model;
use super::super::model::Model;
use super::keys::{Act, Step, act};
use super::view::View;

fn view() -> View {
    View::new(Look { colors: true }, true)
}

fn seen(view: &mut View, model: &Model, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let draw = |frame: &mut ratatui::Frame<'_>| {
        view.draw(model, frame.area(), frame.buffer_mut());
    };
    terminal.draw(draw).unwrap();
    terminal.backend().to_string()
}

/// A view that has watched for a while.
fn watching() -> View {
    let mut view = view();
    for rate in 0..30 {
        let rate_now = f64::from(rate % 7);
        view.note(&Model {
            rate_now,
            ..Model::default()
        });
    }
    view
}

#[test]
fn full_at_40_columns() {
    insta::assert_snapshot!(seen(&mut watching(), &model(8), (40, 24)));
}

#[test]
fn full_at_80_columns() {
    insta::assert_snapshot!(seen(&mut watching(), &model(8), (80, 30)));
}

#[test]
fn full_at_160_columns() {
    insta::assert_snapshot!(seen(&mut watching(), &model(40), (160, 40)));
}

#[test]
fn full_with_help() {
    let mut view = watching();
    view.go(Step::Help);
    insta::assert_snapshot!(seen(&mut view, &model(8), (80, 24)));
}

#[test]
fn no_size_is_too_small_or_too_large_in_any_pane() {
    let sizes = [0, 1, 2, 3, 4, 6, 7, 8, 15, 16, 22, 40, 119, 120, 300];
    for model in [Model::default(), model(0), model(500)] {
        for pane in 0..3 {
            let mut view = watching();
            view.go(Step::Pane(pane));
            view.go(Step::Help);
            for (width, height) in sizes
                .iter()
                .flat_map(|width| sizes.map(|height| (*width, height)))
            {
                let area = Rect::new(0, 0, width, height);
                view.draw(&model, area, &mut Buffer::empty(area));
                view.go(Step::Last);
                view.go(Step::Pages(1));
            }
        }
    }
}

#[test]
fn thousands_of_workers_are_scrolled_through() {
    let (mut view, model) = (view(), model(5000));
    let size = (80, 24);
    assert!(seen(&mut view, &model, size).contains("Parse-W0 "));
    view.go(Step::Last);
    let end = seen(&mut view, &model, size);
    assert!(
        end.contains("Parse-W4999 ") && end.contains("of 5,000"),
        "{end}"
    );
    view.go(Step::Rows(-1));
    assert!(!seen(&mut view, &model, size).contains("Parse-W4999 "));
    view.go(Step::First);
    view.go(Step::Pages(-1));
    assert!(seen(&mut view, &model, size).contains("Parse-W0 "));
    view.go(Step::Sort(2));
    assert!(
        seen(&mut view, &model, size).contains("Parse-W4999 "),
        "most done first"
    );
    // Fewer workers than before: the last ones stay in sight.
    view.go(Step::Last);
    seen(&mut view, &model, size);
    assert!(seen(&mut view, &super::super::draw::tests::model(3), size).contains("Parse-W2 "));
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new(code, modifiers))
}

#[test]
fn keys_do_what_the_help_says() {
    let plain = |code| act(&key(code, KeyModifiers::NONE));
    assert_eq!(plain(KeyCode::Char('q')), Act::Leave);
    assert_eq!(plain(KeyCode::Char('p')), Act::Pause);
    assert_eq!(plain(KeyCode::Char('?')), Act::Move(Step::Help));
    assert_eq!(plain(KeyCode::Tab), Act::Move(Step::Pane(1)));
    assert_eq!(plain(KeyCode::Down), Act::Move(Step::Rows(1)));
    assert_eq!(plain(KeyCode::Left), Act::Move(Step::Sort(-1)));
    assert_eq!(plain(KeyCode::Char('x')), Act::Nothing);
    let control = |code| act(&key(KeyCode::Char(code), KeyModifiers::CONTROL));
    assert_eq!(control('c'), Act::Interrupt);
    assert_eq!(control('q'), Act::Nothing);
    let mut released = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
    released.kind = KeyEventKind::Release;
    assert_eq!(act(&Event::Key(released)), Act::Nothing);
}
