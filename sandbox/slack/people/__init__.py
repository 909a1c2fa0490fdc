"""What people do: type commands, press buttons, fill modals, write messages; and what they see of the outcome."""
