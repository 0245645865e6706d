//! What sessions that have ended left running.

use leptos::prelude::*;
use wire::ProcessKey;

use crate::{
    model::Msg,
    screen::{
        Screen,
        orphans::{Heading, OrphanRow},
    },
    view::{
        Send,
        bound::{each, flag, maybe, part, press, text},
        choice::check,
    },
};

pub(super) fn orphans(screen: Screen, send: Send) -> AnyView {
    let orphans = screen.orphans;
    let shown = Memo::new(move |_| orphans.with(|o| o.shown));
    let all = Memo::new(move |_| orphans.with(|o| o.all));
    let ready = move || orphans.with(|o| o.ready);
    view! {
        <section class="sm-section sm-left" aria-labelledby="sm-left-title" hidden=flag(move || !shown.get())>
            <div class="sm-head">
                <h3 id="sm-left-title">"Left over"</h3>
                <span class="sm-count" role="status">{text(move || orphans.with(|o| o.count.clone()))}</span>
                <div class="sm-left-do" hidden=flag(move || all.get().is_none())>
                    <button
                        type="button"
                        class="sm-button"
                        on:click=press(move || send.run(Msg::ChooseOrphans(all.get_untracked() != Some(true))))
                    >
                        {text(move || if all.get() == Some(true) { "Select none" } else { "Select all" }.to_owned())}
                    </button>
                    <button
                        type="button"
                        class="sm-button sm-kill"
                        aria-disabled=text(move || (!ready()).to_string())
                        on:click=press(move || send.run(Msg::AskReap))
                    >
                        {text(move || orphans.with(|o| o.reap.clone()))}
                    </button>
                </div>
            </div>
            <p class="sm-note sm-recent-note">"Still running, although the session that started it has ended."</p>
            <ul class="sm-list" role="list">
                {each(screen.orphan_rows, |key| key.to_string(), move |key, cell| row(key, cell, send))}
            </ul>
        </section>
    }
    .into_any()
}

pub(super) fn row(key: ProcessKey, row: ArcRwSignal<OrphanRow>, send: Send) -> AnyView {
    let row = RwSignal::from(row);
    let heading = Memo::new(move |_| row.with(|r| r.heading.clone()));
    let offered = Memo::new(move |_| row.with(|r| r.offered));
    let read = move |part: fn(&OrphanRow) -> &String| text(move || row.with(|r| part(r).clone()));
    view! {
        <li class="sm-row" data-orphan=key.to_string()>
            {part(move || maybe(heading.get(), above))}
            <div class="sm-line">
                <div class="sm-offer">
                    {part(move || maybe(offered.get().then_some(()), |()| {
                        check(
                            move || row.with(|r| format!("Select {}", r.command)),
                            move || row.with(|r| r.chosen),
                            move |chosen, _| send.run(Msg::ChooseOrphan(key, chosen)),
                        )
                    }))}
                </div>
                <div class="sm-what">
                    <bdi class="sm-file">{read(|r| &r.command)}</bdi>
                    <p class="sm-reason">{read(|r| &r.facts)}</p>
                    <p class="sm-reason" dir="auto">{read(|r| &r.proof)}</p>
                    <p class="sm-reason" dir="auto">{read(|r| &r.refusal)}</p>
                    <p class="sm-progress" role="status">{read(|r| &r.progress)}</p>
                </div>
                <div class="sm-cell sm-number">
                    <span class="sm-unseen">"Memory "</span>
                    {read(|r| &r.memory)}
                </div>
            </div>
        </li>
    }
    .into_any()
}

fn above(heading: Heading) -> AnyView {
    view! {
        <h4 class="sm-from">
            <bdi>
                <span class="sm-folder">{heading.place}</span>
                <span class="sm-project">{heading.name}</span>
            </bdi>
            " "
            <span class="sm-note">{heading.note}</span>
        </h4>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use wire::{Code, Orphan, OrphanEvidence, Permit, Sign};

    use super::*;
    use crate::{
        model::{Answered, Model, Surroundings, answer::Rows, call::Call, update::update},
        sample::{self, NOW},
    };

    #[test]
    fn what_has_no_proof_stands_apart_without_a_box() {
        let unproven = Orphan {
            evidence: OrphanEvidence::Sign {
                sign: Sign::SharedGroup {
                    leader: sample::key(70),
                },
            },
            reap: Permit::Refused {
                code: Code::Unproven,
                error: "Nothing proves it.".to_owned(),
            },
            ..sample::orphan(2, 70)
        };
        Owner::new().with(|| {
            let mut model = Model::new(Surroundings::default());
            model.live.seen_at = Some(NOW);
            let effect = model.orphans.ask(NOW);
            assert_eq!(effect, crate::model::Effect::Call(Call::Orphans(1)));
            let rows = Rows {
                rows: vec![unproven, sample::orphan(1, 70)],
                newer: 0,
            };
            update(
                &mut model,
                Msg::Answered(Answered::Orphans(1, Ok(rows))),
                NOW,
            );
            update(&mut model, Msg::ChooseOrphan(sample::key(1), true), NOW);
            let screen = Screen::new();
            screen.show(&model);
            let html = orphans(screen, Callback::new(|_| ())).to_html();
            expect![[r#"
                h3 Left over
                span 2 processes · 80 MB can be won back
                button Select none
                button aria-disabled="false Reap 1 process (80 MB)
                p Still running, although the session that started it has ended.
                span /home/ada/work/
                span parser
                span process 70, last seen 1 h ago
                input aria-label="Select node server-1.js"
                bdi node server-1.js
                p process 1 · ada · 2 h · 1.2 % CPU
                p In the kernel session of process 70
                span Memory 80 MB
                span Not proved
                span These seem to come from sessions that have ended. Nothing proves it, so they are not offered.
                bdi node server-2.js
                p process 2 · ada · 2 h · 1.2 % CPU
                p It shares the group of process 70 with something that is spared
                p Nothing proves it.
                span Memory 80 MB
            "#]].assert_eq(&sample::outline(&html));
        });
    }
}
