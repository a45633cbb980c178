(* Where real data hold diversity at constant sizes: closed forms in t, and their limits.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   F_t as in fresh.v. With 0 <= kept < 1 the closed form F* (1 - kept^t) tends to F*. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import expectation moments fresh.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Stationary.
Variable R : realFieldType.

Lemma foldl_nseq (T : Type) (f : R -> T -> R) x t n :
  foldl f x (nseq t n) = iter t (fun y => f y n) x.
Proof. by elim: t x => [|t IH] x //; rewrite iterSr -IH. Qed.

Lemma from_zero (gain kept : R) t : kept != 1 ->
  iter t (fun x => gain + kept * x) 0 = gain / (1 - kept) * (1 - kept ^+ t).
Proof.
move=> k1; rewrite (proj1 (affine_recursion gain 0 t k1)) sub0r.
by move: (gain / (1 - kept)) (kept ^+ t) => a b; ring.
Qed.

Lemma some_kept n (c : R) : 0 <= c -> c < 1 ->
  0 <= (1 - n%:R^-1) * c /\ (1 - n%:R^-1) * c < 1.
Proof.
move=> c0 c1; have i0 : 0 <= n%:R^-1 :> R by rewrite invr_ge0 ler0n.
have i1 : n%:R^-1 <= 1 :> R.
  by case: n {i0} => [|n]; rewrite ?invr0 ?ler01 // invf_le1 ?ltr0n // ler1n.
split; first by rewrite mulr_ge0 // subr_ge0.
apply: le_lt_trans c1; rewrite ler_pimull //.
by rewrite ler_subl_addr ler_addl.
Qed.

Lemma mixture_value (x c : R) : x != 0 -> x - (x - 1) * c != 0 ->
  x^-1 / (1 - (1 - x^-1) * c) = (x - (x - 1) * c)^-1.
Proof.
move=> x0 d0; have -> : 1 - (1 - x^-1) * c = (x - (x - 1) * c) / x by field.
by rewrite invf_div mulrA mulVf // mul1r.
Qed.

(* Each of n draws real with probability a > 0: F_t = F* (1 - kept^t), 0 <= kept < 1, where
   kept = (1 - 1/n)(1 - a)^2 and F* = 1/(n - (n - 1)(1 - a)^2).
   Ledger: categorical_mixture_heterozygosity. *)
Theorem mixture_stationary (a : R) n t : (0 < n)%N -> 0 < a -> a <= 1 ->
  let kept := (1 - n%:R^-1) * (1 - a) ^+ 2 in
  let stationary := (n%:R - (n%:R - 1) * (1 - a) ^+ 2)^-1 in
  [/\ mixture_inbreeding a (nseq t n) = stationary * (1 - kept ^+ t), 0 <= kept & kept < 1].
Proof.
move=> n0 a0 a1 kept stationary; have nR := nR_neq0 R n0.
have b1 : (1 - a) ^+ 2 < 1 by rewrite exprn_ilt1 ?subr_ge0 // ltr_subl_addr ltr_addl.
have [k0 k1] := some_kept n (sqr_ge0 (1 - a)) b1; split=> //.
have k1' : kept != 1 by rewrite lt_eqF.
rewrite /mixture_inbreeding foldl_nseq (from_zero n%:R^-1 t k1'); congr (_ * _).
apply: mixture_value => //.
have -> : n%:R - (n%:R - 1) * (1 - a) ^+ 2 = n%:R * (1 - kept).
  by rewrite /kept; move: ((1 - a) ^+ 2) => c; field.
by rewrite mulf_neq0 // gt_eqF // subr_gt0.
Qed.

Lemma fresh_value (x y : R) : x != 0 -> y != 0 -> x * (1 - (y / x) ^+ 2) + y / x != 0 ->
  x^-1 / (1 - (y / x) ^+ 2 * (1 - y^-1)) = (x * (1 - (y / x) ^+ 2) + y / x)^-1.
Proof.
move=> x0 y0 d0.
have -> : 1 - (y / x) ^+ 2 * (1 - y^-1) = (x * (1 - (y / x) ^+ 2) + y / x) / x.
  by field; rewrite x0 y0.
by rewrite invf_div mulrA mulVf // mul1r.
Qed.

(* m > 0 real and n synthetic rows, N = m + n, b = n/N: F_t = F* (1 - kept^t), 0 <= kept < 1, where
   kept = b^2 (1 - 1/n) and F* = 1/(N (1 - b^2) + b).
   Ledger: categorical_fresh_heterozygosity. *)
Theorem fresh_stationary m n t : (0 < m)%N ->
  let b := n%:R / (m + n)%:R in
  let kept := b ^+ 2 * (1 - n%:R^-1) in
  let stationary := ((m + n)%:R * (1 - b ^+ 2) + b)^-1 in
  [/\ fresh_inbreeding R (nseq t (m, n)) = stationary * (1 - kept ^+ t), 0 <= kept & kept < 1].
Proof.
move=> m0 b kept stationary; have N0 : (0 < m + n)%N by rewrite addn_gt0 m0.
have NR := nR_neq0 R N0; have Ng := nR_gt0 R N0.
have b0 : 0 <= b by rewrite divr_ge0 ?ler0n.
have b1 : b < 1 by rewrite ltr_pdivr_mulr // mul1r ltr_nat -[X in (X < _)%N]add0n ltn_add2r.
have c1 : b ^+ 2 < 1 by rewrite exprn_ilt1.
have [k0 k1] := some_kept n (sqr_ge0 b) c1; rewrite mulrC -/kept in k0 k1; split=> //.
have k1' : kept != 1 by rewrite lt_eqF.
rewrite /fresh_inbreeding foldl_nseq /= (from_zero (m + n)%:R^-1 t k1'); congr (_ * _).
have [n0|n0] := posnP n.
  rewrite /stationary /kept /b n0 mul0r expr0n /= mul0r subr0 divr1 mulr1 addr0.
  by [].
apply: fresh_value => //; first by rewrite nR_neq0.
by rewrite gt_eqF // ltr_paddr // mulr_gt0 // subr_gt0.
Qed.

End Stationary.

Print Assumptions mixture_stationary.
Print Assumptions fresh_stationary.
