import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** Forbids `files` to import what matches `regex`. If two contracts name one file, ESLint applies only the last. */
const contract = (files, regex, message, ignores = []) => ({
  files,
  ignores,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ regex, message }] }] },
});

export default tseslint.config(
  { ignores: ['**/dist*/', 'site/public/', '**/examples/plain/tracker.js'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      'no-console': 'error',
    },
  },
  {
    files: ['player/{lib,components}/**', 'site/app/**', '{player,site}/*.{ts,tsx}'],
    ignores: ['**/*.config.ts'],
    rules: {
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' }],
    },
  },
  contract(
    ['player/lib/**', 'player/*.ts'],
    String.raw`^\.\./|^@pulse-analytics/`,
    'lib/ must not import components/ or the site, nor the player anything outside its folder.',
  ),
  contract(
    ['player/components/**'],
    String.raw`^\.\./(?!lib/[\w-]+\.js$)|^@pulse-analytics/`,
    'Components may import lib/ and each other, but not the site.',
  ),
  contract(
    ['site/app/admin/**', 'site/admin.tsx'],
    String.raw`(^|/)(feed|watch|player)/|(^|/)(app|catalogue|milestones|routes)\.js$|^@pulse-analytics/`,
    'The admin page must not import the demo site or the player.',
  ),
  contract(
    ['site/app/**', 'site/main.tsx'],
    String.raw`(^|/)(admin|player)/`,
    'The demo site must not import the admin page, and must import the player by its package name.',
    ['site/app/admin/**'],
  ),
  contract(
    ['site/app/{enabled-events,event-names,header,navigation,not-found,page-effects}.{ts,tsx}'],
    String.raw`(^|/)(admin|feed|watch|player)/|(^|/)(app|catalogue|milestones|routes)\.js$|^@pulse-analytics/`,
    'The demo site and the admin page share this file: it must not import either.',
  ),
  {
    files: ['**/*.tsx', '**/use-*.ts'],
    extends: [reactHooks.configs.flat.recommended, jsxA11y.flatConfigs.strict],
  },
  // These know the library as packed, by its name; a test installs and compiles them.
  { files: ['player/tests/packed/**', '**/examples/**'], extends: [tseslint.configs.disableTypeChecked] },
  { files: ['**/*.{js,mjs}'], languageOptions: { globals: globals.node } },
  { files: ['player/traces/*.js'], languageOptions: { globals: globals.browser } },
);
