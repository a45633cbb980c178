(* Moments of the fitted frequencies under replace, after one generation and after any schedule.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   q_t is the law fitted at generation t, n_s the draws of generation s, p = q_0 the truth. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import expectation.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Moments.
Variables (R : realFieldType) (K : finType).
Implicit Types (p q : {ffun K -> R}) (g h : K -> R) (ns : seq nat).

Definition covariance p g h : R := mean p (fun k => g k * h k) - mean p g * mean p h.
Definition variance p g : R := covariance p g g.
Definition heterozygosity p : R := 1 - \sum_k p k ^+ 2.

Lemma mean_indicator p k : mean p (fun l => (l == k)%:R) = p k.
Proof. by rewrite (mean_mass p (pred1 k)) mass1. Qed.

Lemma mean_square_indicator p k : mean p (fun l => (l == k)%:R * (l == k)%:R) = p k.
Proof. by rewrite -[RHS](mean_indicator p k); apply: eq_bigr => l _; rewrite -natrM mulnb andbb. Qed.

Lemma covariance_indicator p k :
  covariance p (fun l => (l == k)%:R) (fun l => (l == k)%:R) = p k - p k ^+ 2.
Proof. by rewrite /covariance mean_indicator mean_square_indicator expr2. Qed.

Lemma heterozygosity_sum p : law p ->
  heterozygosity p = \sum_k covariance p (fun l => (l == k)%:R) (fun l => (l == k)%:R).
Proof.
move=> lp; rewrite /heterozygosity (eq_bigr _ (fun k _ => covariance_indicator p k)).
by rewrite sumrB (proj2 lp).
Qed.

Section Rows.
Variables (n : nat) (r : 'I_n -> {ffun K -> R}).
Hypotheses (n_gt0 : (0 < n)%N) (r_law : forall i, law (r i)).

Lemma sample_mean g : draws r (fun s => mean (phat R s) g) = (\sum_(i < n) mean (r i) g) / n%:R.
Proof.
rewrite (@draws_eq _ _ _ _ _ (fun s => n%:R^-1 * \sum_(i < n) g (s i))) => [|s]; last first.
  by rewrite mean_phat mulrC.
by rewrite draws_scale draws_sum mulrC (eq_bigr _ (fun i _ => draws_one r_law i g)).
Qed.

Lemma sample_product g h :
  draws r (fun s => mean (phat R s) g * mean (phat R s) h)
  = ((\sum_(i < n) mean (r i) g) * (\sum_(i < n) mean (r i) h)
     + (\sum_(i < n) covariance (r i) g h)) / n%:R ^+ 2.
Proof.
pose f s : R := (\sum_(i < n) g (s i)) * (\sum_(i < n) h (s i)).
rewrite (@draws_eq _ _ _ _ _ (fun s => n%:R ^- 2 * f s)) => [|s]; last first.
  by rewrite !mean_phat /f; field; apply: nR_neq0.
by rewrite draws_scale mulrC feature_sums.
Qed.

End Rows.

Section OneGeneration.
Variables (n : nat) (p : {ffun K -> R}).
Hypotheses (n_gt0 : (0 < n)%N) (p_law : law p).
Let n0 : n%:R != 0 :> R := nR_neq0 R n_gt0.

Lemma step_mean g : replace_step n p (fun q => mean q g) = mean p g.
Proof.
rewrite /replace_step /iid (sample_mean (fun _ : 'I_n => p_law) g) sumr_const card_ord -[_ *+ n]mulr_natr.
by field; apply: nR_neq0.
Qed.

Lemma step_product g h :
  replace_step n p (fun q => mean q g * mean q h)
  = mean p g * mean p h + covariance p g h / n%:R.
Proof.
rewrite /replace_step /iid (sample_product n_gt0 (fun _ : 'I_n => p_law) g h) !sumr_const !card_ord.
rewrite -[mean p g *+ n]mulr_natr -[mean p h *+ n]mulr_natr -[covariance _ _ _ *+ n]mulr_natr; by field; apply: nR_neq0.
Qed.

Lemma step_covariance g h :
  replace_step n p (fun q => covariance q g h) = (1 - n%:R^-1) * covariance p g h.
Proof.
rewrite /replace_step /iid.
rewrite (@draws_eq _ _ _ _ _ (fun s => -1 * (mean (phat R s) g * mean (phat R s) h)
                                     + mean (phat R s) (fun k => g k * h k))); last first.
  by move=> s; rewrite /covariance mulN1r addrC.
have P : draws (fun _ : 'I_n => p) (fun s => mean (phat R s) g * mean (phat R s) h) = _ :=
  step_product g h.
have M : draws (fun _ : 'I_n => p) (fun s => mean (phat R s) (fun k => g k * h k)) = _ :=
  step_mean (fun k => g k * h k).
by rewrite draws_linear P M /covariance; field; apply: nR_neq0.
Qed.

(* One generation keeps every frequency in the mean: E phat_k = p_k.
   Ledger: categorical_pooled_frequency. *)
Theorem frequency_unbiased k : iid p (fun s : {ffun 'I_n -> K} => phat R s k) = p k.
Proof.
rewrite -[RHS](mean_indicator p k) -step_mean.
by apply: draws_eq => s; rewrite mean_indicator.
Qed.

(* Second moment after one generation: E phat_k^2 = p_k / n + (1 - 1/n) p_k^2.
   Ledger: categorical_replace_frequency_squared. *)
Theorem second_moment k :
  iid p (fun s : {ffun 'I_n -> K} => phat R s k ^+ 2) = p k / n%:R + (1 - n%:R^-1) * p k ^+ 2.
Proof.
have := step_product (fun l => (l == k)%:R) (fun l => (l == k)%:R).
rewrite covariance_indicator mean_indicator /replace_step => H.
rewrite /iid (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} =>
  mean (phat R s) (fun l => (l == k)%:R) * mean (phat R s) (fun l => (l == k)%:R))) => [|s].
  by rewrite (H : draws _ _ = _); by field; apply: nR_neq0.
by rewrite mean_indicator expr2.
Qed.

(* Two labels after one generation: E phat_k phat_l = (1 - 1/n) p_k p_l for k <> l.
   Ledger: categorical_replace_heterozygosity. *)
Theorem product_of_two_labels k l : k != l ->
  iid p (fun s : {ffun 'I_n -> K} => phat R s k * phat R s l) = (1 - n%:R^-1) * (p k * p l).
Proof.
move=> kl; have := step_product (fun j => (j == k)%:R) (fun j => (j == l)%:R).
have -> : covariance p (fun j => (j == k)%:R) (fun j => (j == l)%:R) = - (p k * p l).
  rewrite /covariance !mean_indicator /mean big1 ?sub0r // => j _.
  by have [->|] := eqVneq j k; rewrite ?(negPf kl) ?mulr0 // mul0r mulr0.
rewrite !mean_indicator /replace_step => H.
rewrite /iid (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} =>
  mean (phat R s) (fun j => (j == k)%:R) * mean (phat R s) (fun j => (j == l)%:R))) => [|s].
  by rewrite (H : draws _ _ = _); by field; apply: nR_neq0.
by rewrite !mean_indicator.
Qed.

(* Diversity after one generation: E H(phat) = (1 - 1/n) H(p), H(p) = 1 - sum_k p_k^2.
   Ledger: categorical_replace_heterozygosity. *)
Theorem heterozygosity_step :
  iid p (fun s : {ffun 'I_n -> K} => heterozygosity (phat R s)) = (1 - n%:R^-1) * heterozygosity p.
Proof.
rewrite /iid (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} =>
  \sum_k covariance (phat R s) (fun l => (l == k)%:R) (fun l => (l == k)%:R))) => [|s]; last first.
  by apply/heterozygosity_sum/phat_law.
rewrite draws_sum heterozygosity_sum // big_distrr; apply: eq_bigr => k _ /=.
exact: (step_covariance (fun l => (l == k)%:R)).
Qed.

End OneGeneration.

Section AnySchedule.
Variables (ns : seq nat) (p : {ffun K -> R}).
Hypotheses (ns_gt0 : all positive ns) (p_law : law p).

Lemma replace_mean g : replace ns p (fun q => mean q g) = mean p g.
Proof.
rewrite /replace (nest_product (replace_averages R K) (a := fun=> 1)) // => [|n q n0 lq].
  by rewrite big1 ?mul1r.
by rewrite step_mean // mul1r.
Qed.

(* Frequencies are a martingale: E q_t(k) = p_k for any sizes n_1, ..., n_t.
   Ledger: categorical_pooled_frequency. *)
Theorem frequency_martingale k : replace ns p (fun q => q k) = p k.
Proof.
rewrite -[RHS](mean_indicator p k) -replace_mean.
by apply: (nest_ext (replace_averages R K)) => // q _; rewrite mean_indicator.
Qed.

(* Covariance of two real features of a label decays: E Cov_{q_t}(g, h) = prod_s (1 - 1/n_s) Cov_p(g, h).
   Ledger: categorical_replace_heterozygosity. *)
Theorem feature_covariance_decay g h :
  replace ns p (fun q => covariance q g h) = (\prod_(n <- ns) (1 - n%:R^-1)) * covariance p g h.
Proof.
apply: (nest_product (replace_averages R K)) => // n q n0 lq.
by rewrite step_covariance.
Qed.

(* Variance of any real feature of a label decays: E Var_{q_t}(g) = prod_s (1 - 1/n_s) Var_p(g).
   Ledger: categorical_replace_heterozygosity. *)
Theorem feature_variance_decay g :
  replace ns p (fun q => variance q g) = (\prod_(n <- ns) (1 - n%:R^-1)) * variance p g.
Proof. exact: feature_covariance_decay. Qed.

(* Diversity decays: E H(q_t) = H(p) prod_s (1 - 1/n_s) for any sizes.
   Ledger: categorical_replace_heterozygosity. *)
Theorem heterozygosity_decay :
  replace ns p heterozygosity = heterozygosity p * \prod_(n <- ns) (1 - n%:R^-1).
Proof.
rewrite mulrC; apply: (nest_product (replace_averages R K)) => // n q n0 lq.
exact: heterozygosity_step.
Qed.

(* Second moment at generation t: E q_t(k)^2 = p^2 + p (1 - p) (1 - prod_s (1 - 1/n_s)), p = p_k.
   Ledger: categorical_replace_frequency_squared. *)
Theorem frequency_squared k :
  replace ns p (fun q => q k ^+ 2)
  = p k ^+ 2 + p k * (1 - p k) * (1 - \prod_(n <- ns) (1 - n%:R^-1)).
Proof.
pose c q := covariance q (fun l => (l == k)%:R) (fun l => (l == k)%:R).
rewrite /replace (@nest_ext _ _ _ _ _ _ (replace_averages R K) _ _ _ (fun q => -1 * c q + q k)) //.
  rewrite (nest_linear (replace_averages R K)) // (frequency_martingale k : nest _ ns p _ = _).
  rewrite (feature_covariance_decay _ _ : nest _ ns p c = _) covariance_indicator.
  by ring.
by move=> q _; rewrite /c covariance_indicator; ring.
Qed.

End AnySchedule.

(* With n draws in every generation: E H(q_t) = (1 - 1/n)^t H(p).
   Ledger: categorical_replace_heterozygosity. *)
Theorem heterozygosity_decay_constant n t p : (0 < n)%N -> law p ->
  replace (nseq t n) p heterozygosity = (1 - n%:R^-1) ^+ t * heterozygosity p.
Proof.
move=> n0 lp; rewrite heterozygosity_decay // ?all_nseq /positive ?n0 ?orbT // mulrC.
by congr (_ * _); elim: t => [|t IH]; rewrite ?big_nil ?expr0 //= big_cons IH exprS.
Qed.

End Moments.

Print Assumptions frequency_unbiased.
Print Assumptions second_moment.
Print Assumptions product_of_two_labels.
Print Assumptions heterozygosity_step.
Print Assumptions frequency_martingale.
Print Assumptions feature_covariance_decay.
Print Assumptions feature_variance_decay.
Print Assumptions heterozygosity_decay.
Print Assumptions frequency_squared.
Print Assumptions heterozygosity_decay_constant.
