//! The window: it paints what the desk knows, and passes on what is clicked.

use crate::desk::Desk;
use eframe::egui::{CentralPanel, Context, RichText, Ui, ViewportCommand};

/// The one window of the program.
#[derive(Debug)]
pub struct Window {
    desk: Desk,
    title: String,
}

impl Window {
    /// Shows this desk.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self {
            desk,
            title: String::new(),
        }
    }

    /// What it shows.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// One frame.
    pub fn show(&mut self, context: &Context) {
        self.desk.hear_news();
        CentralPanel::default().show(context, |ui| {
            ui.add_space(12.0);
            ui.heading("Doorkey");
            ui.add_space(8.0);
            self.people(ui);
            ui.add_space(12.0);
            self.buttons(ui);
            ui.add_space(12.0);
            ui.separator();
            ui.label(self.desk.notice());
            self.page(ui);
        });
        let title = match self.desk.person() {
            Some(person) => format!("Doorkey: {}", person.name()),
            None => "Doorkey".to_owned(),
        };
        if title != self.title {
            context.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    fn people(&mut self, ui: &mut Ui) {
        let mut chosen = None;
        for (index, person) in self.desk.people().iter().enumerate() {
            let name = RichText::new(person.name()).strong();
            if ui.radio(index == self.desk.selected(), name).clicked() {
                chosen = Some(index);
            }
            ui.indent(index, |ui| {
                ui.weak(format!("tenant {}", person.tenant_id()))
            });
        }
        if let Some(index) = chosen {
            self.desk.select(index);
        }
    }

    fn buttons(&mut self, ui: &mut Ui) {
        let is_somebody = self.desk.person().is_some();
        let sign_in = if is_somebody {
            "Add another account"
        } else {
            "Sign in"
        };
        if self.desk.is_busy() {
            ui.horizontal(|ui| {
                ui.spinner();
                if ui.button("Cancel").clicked() {
                    self.desk.cancel();
                }
            });
            return;
        }
        ui.horizontal_wrapped(|ui| {
            if ui.button(sign_in).clicked() {
                self.desk.sign_in();
            }
            if is_somebody && ui.button("Get a token").clicked() {
                self.desk.token();
            }
            if is_somebody && ui.button("Sign out").clicked() {
                self.desk.sign_out();
            }
        });
    }

    /// The way to the page, for where no browser opened it.
    fn page(&self, ui: &mut Ui) {
        if let Some(page) = self.desk.page() {
            ui.add_space(8.0);
            ui.horizontal_wrapped(|ui| {
                ui.label("No browser?");
                ui.hyperlink_to("Open the sign-in page", page);
                if ui.button("Copy its address").clicked() {
                    ui.ctx().copy_text(page.to_owned());
                }
            });
        }
    }
}

impl eframe::App for Window {
    fn update(&mut self, context: &Context, _frame: &mut eframe::Frame) {
        self.show(context);
    }
}
