// A question with two options, as the model asks one.

export const COLOURS = {
  questions: [{
    question: 'Which colour?', header: 'Colour', multiSelect: false,
    options: [{ label: 'Red', description: 'warm' }, { label: 'Blue', description: 'cold' }],
  }],
};
